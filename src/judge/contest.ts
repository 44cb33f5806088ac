/**
 * The contest for an imported user: DSPAM's engine judges, tamis' model learns beside it and takes over once it is measurably better.
 *
 * Both judge each message that arrives, before either learns it. Where they agree there is nothing to compare. Where they differ, one is wrong, and
 * the user tells which: a correction says that tamis was right, silence that DSPAM was. Silence counts at once, and turns into the opposite whenever the correction comes,
 * so that at no time the challenger has an advantage because only the judge's mistakes are reported; what the user overlooks counts for the judge.
 *
 * A ham that DSPAM's engine alone lost is worth 1 to tamis, a spam that it alone missed 1 / hamCost; the same the other way round costs it as much. That tamis is
 * no better is tested by betting: somebody who begins with 1 and on each difference stakes the share s of what they have ends with
 *
 *     (1 + s)^a (1 - s)^b (1 + s / hamCost)^c (1 - s / hamCost)^d
 *
 * where `a` to `d` count the differences by {@link kinds}, and with the mean of that over many s if they spread their money. If tamis is no better, nobody can be
 * expected to win: the chance of ever having 100 is below 1 in 100 however often one looks (Ville's inequality; I. Waudby-Smith, A. Ramdas, Estimating means of bounded random
 * variables by betting, J. R. Stat. Soc. B 86, 2024). So tamis takes over at {@link needed}, with a chance of 1 % at most for a user whom it serves no better.
 *
 * Who has lost three quarters begins anew, so that mistakes of the first days do not count for ever. Round r must reach r (r + 1) times as much: the chances of all rounds add up to the same 1 %.
 * Differences count once tamis has learned {@link enough} of each class.
 *
 * What the store has of it: counters, which add up whatever hosts do at once; the note `contest`, the round and the counters at its beginning, or when tamis has taken over; for
 * each difference a note that lives as long as a signature, so that a correction counts once and can be taken back. A correction of a message of an earlier round changes nothing.
 */
import type { Note, NoteSpace, Totals } from '../store/contract.ts';

/** How one engine alone can be wrong: what speaks for tamis is even, what speaks against it odd. */
export const kinds = ['hamLostByDspam', 'hamLostByTamis', 'spamMissedByDspam', 'spamMissedByTamis'] as const;

/** Differences of each kind. */
export type Differences = Readonly<Record<(typeof kinds)[number], number>>;

/** How a contest stands. */
export interface Contest {
  /** Counted from 1. */
  readonly round: number;
  /** The counters when the round began. */
  readonly from: Differences;
  /** When tamis took over, in seconds since 1970. */
  readonly over?: number | undefined;
}

/** A message on which the engines differed. */
export interface Difference {
  readonly round: number;
  /** What DSPAM's engine said; tamis' said the opposite. */
  readonly dspamSaidSpam: boolean;
  /** Whether the user has told that tamis' was right. */
  readonly corrected: boolean;
}

/** What needs to be known of a user's notes. */
interface NoteMemory {
  note(space: NoteSpace, key: Uint8Array): Promise<Uint8Array | undefined>;
}

/** Messages of each class that the model must have learned before differences count. */
export const enough = 20;
/** The greatest chance that tamis takes over though it is no better. */
const risk = 0.01;
/** What is left when a round is given up. */
const least = 0.25;
/** The shares that are staked: so many between 0 and 1, as far from each other. */
const stakes: readonly number[] = Array.from({ length: 16 }, (_, at) => (at + 0.5) / 16);

const space = 'learned';
const contestKey = Buffer.from('contest');
const noDifferences: Differences = {
  hamLostByDspam: 0,
  hamLostByTamis: 0,
  spamMissedByDspam: 0,
  spamMissedByTamis: 0,
};

/** A contest that begins. */
export const beginning: Contest = { round: 1, from: noDifferences };

/** The contest of a user; undefined if there never was one. */
export async function contestOf(memory: NoteMemory): Promise<Contest | undefined> {
  const note = await memory.note(space, contestKey);
  return note === undefined ? undefined : (JSON.parse(Buffer.from(note).toString()) as Contest);
}

/** The note of a contest. */
export function contestNote(contest: Contest): Note {
  return { space, key: contestKey, value: Buffer.from(JSON.stringify(contest)) };
}

/** The differences of the round. */
export function differencesSince({ from }: Contest, totals: Totals): Differences {
  const entries = kinds.map((kind) => [kind, totals[kind] - from[kind]] as const);
  return Object.fromEntries(entries) as Differences;
}

/** What the better of {@link contest} has now, of 1 at the beginning of the round; its natural logarithm. */
export function evidence(differences: Differences, hamCost: number): number {
  const [a, b, c, d] = kinds.map((kind) => Math.max(0, differences[kind])) as [
    number,
    number,
    number,
    number,
  ];
  const logs = stakes.map((stake) => {
    const spam = stake / hamCost;
    return a * Math.log1p(stake) + b * Math.log1p(-stake) + c * Math.log1p(spam) + d * Math.log1p(-spam);
  });
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0) / logs.length);
}

/** What must be reached in a round; its natural logarithm. */
export function needed(round: number): number {
  return Math.log((round * (round + 1)) / risk);
}

/** The contest after the counters have changed; the same object if it goes on as it is. */
export function decide(contest: Contest, totals: Totals, hamCost: number, now: number): Contest {
  const found = evidence(differencesSince(contest, totals), hamCost);
  if (found >= needed(contest.round)) return { ...contest, over: Math.floor(now) };
  if (found >= Math.log(least)) return contest;
  const from = Object.fromEntries(kinds.map((kind) => [kind, totals[kind]])) as Differences;
  return { round: contest.round + 1, from };
}

/** The counters of a difference: for DSPAM's engine while nobody corrects, else for tamis'. */
export function countOf({ dspamSaidSpam, corrected }: Difference): (typeof kinds)[number] {
  if (dspamSaidSpam) return corrected ? 'hamLostByDspam' : 'spamMissedByTamis';
  return corrected ? 'spamMissedByDspam' : 'hamLostByTamis';
}

/** What was noted of a message on which the engines differed. */
export async function differenceOf(
  memory: NoteMemory,
  fingerprint: Uint8Array,
): Promise<Difference | undefined> {
  const note = await memory.note(space, differenceKey(fingerprint));
  return note === undefined ? undefined : (JSON.parse(Buffer.from(note).toString()) as Difference);
}

/** The note of a message on which the engines differed. @param expires In seconds since 1970. */
export function differenceNote(fingerprint: Uint8Array, difference: Difference, expires: number): Note {
  const value = Buffer.from(JSON.stringify(difference));
  return { space, key: differenceKey(fingerprint), value, expires };
}

function differenceKey(fingerprint: Uint8Array): Uint8Array {
  return Buffer.concat([contestKey, Buffer.from(' '), fingerprint]);
}
