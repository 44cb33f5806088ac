/**
 * Formats 1 and 2 of a user's LevelDB, byte by byte. The first byte of a key says what the record is:
 *
 *     key                                   value
 *     'f' bucket (2 bytes, big-endian)      the features of a bucket (buckets.ts)
 *     'd' token (8 bytes, big-endian)       the hits of a token of DSPAM's engine: zigzag varints of spam and innocent,
 *                                           varint of the day of the last hit since 1970
 *                                           (missing: 0, not known)
 *     'n' space (1 byte) note key (1-64)    varint: 0 if the note never expires, else 1 + the second of
 *                                           expiry since 1970; then the note's bytes
 *     't'                                   the totals: zigzag varints in the order of `counters`; those missing at
 *                                           the end are 0, so that a counter can be added without a new format
 *     'v'                                   1 byte: the number of the format; in format 2 then a varint: the first number that
 *                                           something that waits can have. There may be nothing behind it
 *     'w' number (4 bytes, big-endian)      deltas of features that wait to be added to their buckets (backlog.ts), numbered in the
 *                                           order in which they were written; only in format 2
 *
 * Format 1 has no 'w', and becomes format 2 with the first one.
 *
 * Spaces of notes: 'l' learned, 's' signature. Varints and zigzag as in bytes.ts.
 */
import type { CheckedNote, Hits } from '../change.ts';
import { counters, type Counter, type Note, type NoteSpace, type Totals } from '../contract.ts';
import { saturate } from '../memory/table.ts';
import { ByteReader, ByteWriter, unzigzag, zigzag } from './bytes.ts';

/** The format that is written here, and all that are read. */
export const format = 2;
export const formats: readonly number[] = [1, format];

/** What the version's record says. */
export interface Version {
  readonly format: number;
  readonly first: number;
}

const code = (letter: string): number => letter.charCodeAt(0);
const spaces: Readonly<Record<NoteSpace, number>> = {
  learned: code('l'),
  preference: code('p'),
  signature: code('s'),
};

/** The value of the version's record: of what waits, those before `first` have been added to their buckets. */
export function encodeVersion(first: number): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(format);
  writer.varint(first);
  return writer.take();
}

/** What a version's record says; undefined for a format that is not read here. @throws RangeError if the bytes are none. */
export function decodeVersion(bytes: Uint8Array): Version | undefined {
  const reader = new ByteReader(bytes);
  const number = reader.byte();
  if (!formats.includes(number)) return undefined;
  return { format: number, first: number === format ? reader.varint() : 0 };
}

export const versionKey: Uint8Array = Uint8Array.of(code('v'));
export const totalsKey: Uint8Array = Uint8Array.of(code('t'));

/** A range of keys: from `gte` to before `lt`. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** The keys of all buckets. */
export const bucketRange: KeyRange = startingWith(code('f'));
/** The keys of all tokens. */
export const tokenRange: KeyRange = startingWith(code('d'));
/** The keys of all notes. */
export const noteRange: KeyRange = startingWith(code('n'));
/** The keys of what waits, from a number on. LevelDB takes its time to find that there is nothing where much has been deleted. */
export function waitingFrom(number: number): KeyRange {
  return { gte: waitingKey(number), lt: startingWith(code('w')).lt };
}

function startingWith(first: number): KeyRange {
  return { gte: Uint8Array.of(first), lt: Uint8Array.of(first + 1) };
}

/**
 * The key of a bucket's record. Out of Buffer's pool, as are those of tokens: a message has thousands of them, and LevelDB has bytes that are not in a buffer
 * moved into one each.
 */
export function bucketKey(bucket: number): Uint8Array {
  const key = Buffer.allocUnsafe(3);
  key[0] = code('f');
  key[1] = bucket >>> 8;
  key[2] = bucket & 255;
  return key;
}

/** The bucket of a record's key. */
export function bucketOfKey(key: Uint8Array): number {
  return (key[1] ?? 0) * 256 + (key[2] ?? 0);
}

/** The key of a token's record. */
export function tokenKey(token: bigint): Uint8Array {
  const key = Buffer.allocUnsafe(9);
  key[0] = code('d');
  key.writeBigUInt64BE(token, 1);
  return key;
}

/** The token of a record's key. */
export function tokenOfKey(key: Uint8Array): bigint {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readBigUInt64BE(1);
}

/** The value of a token's record. */
export function encodeHits([spam, innocent, day]: Hits): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(zigzag(spam));
  writer.varint(zigzag(innocent));
  writer.varint(day);
  return writer.take();
}

/** @throws RangeError if the bytes are no hits. */
export function decodeHits(bytes: Uint8Array): Hits {
  const reader = new ByteReader(bytes);
  return [unzigzag(reader.varint()), unzigzag(reader.varint()), reader.done ? 0 : reader.varint()];
}

/** The key of a record that waits. */
export function waitingKey(number: number): Uint8Array {
  const key = Buffer.alloc(5, code('w'));
  key.writeUInt32BE(number, 1);
  return key;
}

/** The number of a record that waits. */
export function waitingNumberOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUInt32BE(1);
}

/** The key of a note's record. */
export function noteRecordKey(space: NoteSpace, key: Uint8Array): Uint8Array {
  return Uint8Array.of(code('n'), spaces[space], ...key);
}

/** The value of a note's record. */
export function encodeNote(value: Uint8Array, expires: CheckedNote['expires']): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(expires === undefined ? 0 : expires + 1);
  return Buffer.concat([writer.take(), value]);
}

/** The bytes of a note, or undefined if it has expired at `now`. @throws RangeError if the bytes are no note. */
export function decodeNote(bytes: Uint8Array, now: number): Uint8Array | undefined {
  const reader = new ByteReader(bytes);
  const expires = reader.varint() - 1;
  return expires === -1 || expires > now ? reader.rest() : undefined;
}

/** The note of a record. @throws RangeError if the bytes are no note. */
export function noteOf(key: Uint8Array, bytes: Uint8Array): Note {
  const space = (Object.keys(spaces) as NoteSpace[]).find((one) => spaces[one] === key[1]);
  if (space === undefined) throw new RangeError(`A note is in the space ${key[1] ?? 'none'}.`);
  const reader = new ByteReader(bytes);
  const expires = reader.varint() - 1;
  return {
    space,
    key: new Uint8Array(key.subarray(2)),
    value: reader.rest(),
    expires: expires === -1 ? undefined : expires,
  };
}

/** The value of the totals' record. */
export function encodeTotals(totals: Totals): Uint8Array {
  const writer = new ByteWriter();
  for (const counter of counters) writer.varint(zigzag(totals[counter]));
  return writer.take();
}

/** @throws RangeError if the bytes are no totals. */
export function decodeTotals(bytes: Uint8Array | undefined): Totals {
  const reader = new ByteReader(bytes ?? new Uint8Array());
  const read = (): number => (reader.done ? 0 : unzigzag(reader.varint()));
  return Object.fromEntries(counters.map((counter) => [counter, read()])) as Totals;
}

/** Totals with deltas added. */
export function addToTotals(totals: Totals, deltas: ReadonlyMap<Counter, number>): Totals {
  const sums = { ...totals };
  for (const [counter, delta] of deltas) sums[counter] = saturate(sums[counter] + delta);
  return sums;
}
