/**
 * Checks and folds a change before a backend sees it, so that a backend writes only what is right and
 * each key once. Nothing is written if a check fails.
 */
import { TamisError } from '../errors.ts';
import {
  counters,
  type Change,
  type Expectation,
  type Counter,
  type FeatureRows,
  type Note,
  type NoteSpace,
  type TokenRows,
  type TokenSignature,
} from './contract.ts';
import { FeatureTable, saturate } from './memory/table.ts';

/** One more than the greatest feature key. */
export const keyLimit: number = 2 ** 40;
/** Longest note key, in bytes. */
export const longestNoteKey = 64;
/** Longest note, in bytes. */
export const longestNote: number = 16 * 1024;

/** A change as a backend gets it. */
export interface CheckedChange {
  readonly expects: readonly Expectation[];
  /** Each key once, none with two zeros. Repeated keys are summed, and their sums saturate. */
  readonly features: FeatureRows;
  /** Each key once, none with two zeros; their sums saturate. */
  readonly tokens: ReadonlyMap<bigint, Hits>;
  /** Deltas other than zero. */
  readonly totals: ReadonlyMap<Counter, number>;
  /** Each note once: the last of those that share space and key. */
  readonly notes: readonly CheckedNote[];
  readonly signature: TokenSignature | undefined;
}

/** The integers of a token: spam hits, innocent hits, and the day of the last hit (since 1970). */
export type Hits = readonly [spam: number, innocent: number, day: number];

/** A note as a backend gets it: a copy, because it may wait for its turn while the caller goes on. */
export interface CheckedNote {
  readonly space: NoteSpace;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  /** Whole seconds since 1970, rounded up; undefined: never. */
  readonly expires: number | undefined;
}

/** @throws TamisError STORE_FAILED that says what is wrong with the change. */
export function checkChange(change: Change): CheckedChange {
  return {
    expects: checkExpectations(change.expects ?? []),
    features: foldFeatures(change.features),
    tokens: foldTokens(change.tokens),
    totals: foldTotals(change.totals ?? {}),
    notes: foldNotes(change.notes ?? []),
    signature: change.signature,
  };
}

/** Whether there is nothing to write. */
export function isEmpty({ features, tokens, totals, notes, signature }: CheckedChange): boolean {
  return features.keys.length + tokens.size + totals.size + notes.length === 0 && signature === undefined;
}

/** @throws TamisError STORE_FAILED that names the first key that is not an integer of 40 bits. */
export function checkKeys(keys: Float64Array): void {
  const wrong = keys.find((key) => !(Number.isInteger(key) && key >= 0 && key < keyLimit));
  if (wrong !== undefined) refuse(`A feature key must be an integer from 0 to 2^40 - 1, not ${wrong}.`);
}

/** @throws TamisError STORE_FAILED if the key of a note is empty or too long. */
export function checkNoteKey(key: Uint8Array): void {
  if (key.length >= 1 && key.length <= longestNoteKey) return;
  refuse(`The key of a note must have 1 to ${longestNoteKey} bytes, not ${key.length}.`);
}

function foldFeatures(rows: FeatureRows | undefined): FeatureRows {
  if (rows === undefined) return { keys: new Float64Array(), values: new Int32Array() };
  if (rows.values.length !== 2 * rows.keys.length) {
    refuse(
      `A change has ${rows.keys.length} keys, but ${rows.values.length} integers instead of two for each.`,
    );
  }
  checkKeys(rows.keys);
  const sums = new FeatureTable(rows.keys.length);
  sums.addRows(rows);
  return sums.rows();
}

function foldTokens(rows: TokenRows | undefined): Map<bigint, Hits> {
  const sums = new Map<bigint, Hits>();
  if (rows === undefined) return sums;
  if (rows.values.length !== 2 * rows.keys.length) {
    refuse(
      `A change has ${rows.keys.length} tokens, but ${rows.values.length} integers instead of two for each.`,
    );
  }
  if (rows.days !== undefined && rows.days.length !== rows.keys.length) {
    refuse(`A change has ${rows.keys.length} tokens, but ${rows.days.length} days.`);
  }
  const today = Math.floor(Date.now() / 86_400_000);
  for (const [at, key] of rows.keys.entries()) {
    const day = rows.days?.[at] ?? today;
    const sum = addHits(sums.get(key), [rows.values[2 * at] ?? 0, rows.values[2 * at + 1] ?? 0, day]);
    if (sum === undefined) sums.delete(key);
    else sums.set(key, sum);
  }
  return sums;
}

/** Hits with deltas added, of the later day; undefined if both are zero, which is no record. */
export function addHits(hits: Hits | undefined, deltas: Hits): Hits | undefined {
  const [spam, innocent, day] = hits ?? [0, 0, 0];
  const sum = [saturate(spam + deltas[0]), saturate(innocent + deltas[1]), Math.max(day, deltas[2])] as const;
  return sum[0] === 0 && sum[1] === 0 ? undefined : sum;
}

function foldTotals(totals: NonNullable<Change['totals']>): Map<Counter, number> {
  const deltas = new Map<Counter, number>();
  for (const counter of counters) {
    const delta = totals[counter] ?? 0;
    if (!Number.isInteger(delta))
      refuse(`The counter ${counter} can change by integers only, not by ${delta}.`);
    if (delta !== 0) deltas.set(counter, saturate(delta));
  }
  return deltas;
}

function checkExpectations(expects: readonly Expectation[]): Expectation[] {
  return expects.map(({ space, key, value }) => {
    checkNoteKey(key);
    return { space, key: new Uint8Array(key), value: value && new Uint8Array(value) };
  });
}

function foldNotes(notes: readonly Note[]): CheckedNote[] {
  const last = new Map<string, CheckedNote>();
  for (const { space, key, value, expires } of notes) {
    checkNoteKey(key);
    if (value !== undefined && value.length > longestNote) {
      refuse(`A note can have ${longestNote} bytes at most, not ${value.length}.`);
    }
    if (expires !== undefined && !(expires >= 0 && expires < keyLimit)) {
      refuse(`A note can expire from 0 to 2^40 seconds after 1970, not at ${expires}.`);
    }
    const whole = expires === undefined ? undefined : Math.ceil(expires);
    last.set(noteId(space, key), {
      space,
      key: new Uint8Array(key),
      value: value && new Uint8Array(value),
      expires: whole,
    });
  }
  return [...last.values()];
}

/** A text that tells the notes of one user apart. */
export function noteId(space: NoteSpace, key: Uint8Array): string {
  return `${space} ${Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')}`;
}

function refuse(sentence: string): never {
  throw new TamisError('STORE_FAILED', `${sentence} This is an error of the program; nothing was written.`);
}
