/** The online protocol of the benches over a store in memory: each message is judged, then its class is told, or what feedback leaves of it. */
import { Evaluation, type Feedback } from '../../src/judge/evaluation.ts';
import { readMessage, type Reading } from '../../src/judge/reading.ts';
import { UserFilter, type UserFilterSettings } from '../../src/judge/userfilter.ts';
import type { Figures, Judged } from '../../src/report/figures.ts';
import { Random } from '../../src/report/random.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';

/** A message as the learners see it, and its class. */
export interface Example {
  readonly reading: Reading;
  readonly spam: boolean;
}

/** How a run differs from one in which everything is told. */
export interface Regime {
  readonly feedback: Feedback;
  readonly trainingMode?: UserFilterSettings['trainingMode'];
  /** Percent of the classes that are told wrongly. */
  readonly noise?: number;
}

/** An example of a message, without the text that it was made from: a bench holds thousands. */
export async function exampleOf(message: Uint8Array, spam: boolean): Promise<Example> {
  const { windows, features, fingerprint } = await readMessage(message);
  return { reading: { windows, features, fingerprint }, spam };
}

/** What a new user's filter says of each example in turn. */
export async function judgedOnline(order: readonly Example[], regime: Regime): Promise<Judged[]> {
  const { feedback, noise = 0, trainingMode = 'teft' } = regime;
  const store = await new MemoryStore().open('joe', { create: true });
  if (store === undefined) throw new Error('joe was not created');
  const evaluation = new Evaluation(
    new UserFilter(store, { trainingMode, signatureDays: 14, hamCost: 10 }),
    feedback,
  );
  const wrong = new Random(1);
  const result: Judged[] = [];
  for (const { reading, spam } of order) {
    const told = wrong.fraction() * 100 < noise ? !spam : spam;
    const { score, spam: judgedSpam } = await evaluation.step({ reading, told });
    result.push({ spam, score, judgedSpam });
  }
  return result;
}

/** Prints the means of some runs in a line. */
export function report(name: string, results: readonly Figures[]): void {
  const mean = (key: keyof Figures): number =>
    results.reduce((sum, one) => sum + one[key], 0) / results.length;
  console.log(
    `${name.padEnd(40)} 1-ROCA % ${mean('oneMinusRocaPercent').toFixed(4)}, lam % ${mean('lamPercent').toFixed(2)}, ` +
      `h.1 % ${mean('spamMissedAtHamPoint1Percent').toFixed(1)}, ham lost ${mean('hamErrorPercent').toFixed(2)} %, spam missed ${mean('spamErrorPercent').toFixed(2)} %`,
  );
}
