/** DSPAM's totals, of either engine: each counts only what it learned itself, and DSPAM's engine has counters of its own for that. */
import { counters, type Counter, type Totals } from '../store/contract.ts';

const names = [
  'spamLearned',
  'innocentLearned',
  'spamMisclassified',
  'innocentMisclassified',
  'spamCorpusfed',
  'innocentCorpusfed',
  'spamClassified',
  'innocentClassified',
] as const;

/** DSPAM's totals. */
export type Counts = Pick<Totals, (typeof names)[number]>;

/** The totals of an engine, of all that a user has. */
export function countsOf(totals: Totals, engine: 'tamis' | 'dspam'): Counts {
  if (engine === 'tamis') return totals;
  return Object.fromEntries(names.map((name) => [name, totals[dspamCounter(name)]])) as Counts;
}

/** The counter of DSPAM's engine for one of DSPAM's: `dspamSpamLearned` for `spamLearned`. */
export function dspamCounter(name: keyof Counts): Counter {
  return `dspam${name.charAt(0).toUpperCase()}${name.slice(1)}` as Counter;
}

/** What changes of the totals come to together. */
export function sumOf(...changes: readonly (Partial<Totals> | undefined)[]): Partial<Totals> {
  const sum: Partial<Totals> = {};
  for (const change of changes) {
    for (const counter of counters) sum[counter] = (sum[counter] ?? 0) + (change?.[counter] ?? 0);
  }
  return sum;
}
