import { describe, expect, test } from 'vitest';
import { counters, type Totals } from '../../../src/store/contract.ts';
import {
  bucketKey,
  bucketOfKey,
  decodeNote,
  decodeTotals,
  decodeVersion,
  encodeNote,
  encodeTotals,
  encodeVersion,
  noteRecordKey,
  waitingKey,
  waitingNumberOf,
} from '../../../src/store/level/records.ts';

/** The bytes of a record, printable ones as characters. */
function show(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : byte)).join(' ');
}

const text = new Uint8Array(Buffer.from('text'));

describe('format 2', () => {
  test('has keys as documented', () => {
    expect(show(bucketKey(0x0102))).toBe('f 1 2');
    expect(bucketOfKey(bucketKey(65535))).toBe(65535);
    expect(show(noteRecordKey('learned', text))).toBe('n l t e x t');
    expect(show(noteRecordKey('signature', text))).toBe('n s t e x t');
    expect(show(waitingKey(0x01020304))).toBe('w 1 2 3 4');
    expect(waitingNumberOf(waitingKey(2 ** 32 - 1))).toBe(2 ** 32 - 1);
  });

  test('has versions as documented, and reads those of format 1', () => {
    expect(Array.from(encodeVersion(300))).toEqual([2, 172, 2]);
    expect(decodeVersion(encodeVersion(300))).toEqual({ format: 2, first: 300 });
    expect(decodeVersion(Uint8Array.of(1))).toEqual({ format: 1, first: 0 });
    expect(decodeVersion(Uint8Array.of(3, 0))).toBeUndefined();
    expect(() => decodeVersion(Uint8Array.of(2))).toThrow(RangeError);
  });

  test('has notes as documented', () => {
    expect(show(encodeNote(text, undefined))).toBe('0 t e x t');
    expect(show(encodeNote(text, 299))).toBe('172 2 t e x t');
    expect(decodeNote(encodeNote(text, undefined), Infinity)).toEqual(text);
    expect(decodeNote(encodeNote(text, 0), 0)).toBeUndefined();
    expect(decodeNote(encodeNote(text, 2 ** 40), 2 ** 39)).toEqual(text);
    expect(() => decodeNote(new Uint8Array(), 0)).toThrow(RangeError);
    expect(() => decodeNote(new Uint8Array(12).fill(255), 0)).toThrow(RangeError);
  });

  test('has totals as documented, and takes fewer than there are', () => {
    const totals = Object.fromEntries(counters.map((counter, at) => [counter, at - 1])) as Totals;
    expect(Array.from(encodeTotals(totals))).toEqual(counters.map((_, at) => (at === 0 ? 1 : 2 * (at - 1))));
    expect(decodeTotals(encodeTotals(totals))).toEqual(totals);
    expect(decodeTotals(Uint8Array.of(4))).toEqual({ ...decodeTotals(undefined), spamLearned: 2 });
  });
});
