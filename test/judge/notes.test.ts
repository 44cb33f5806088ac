import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeLearned,
  decodeSigned,
  encodeLearned,
  encodeSigned,
  type Learned,
} from '../../src/judge/notes.ts';
import { newSignature } from '../../src/judge/signature.ts';
import { anyWindows } from '../features/sample.ts';

const gradient = fc.integer({ min: -500_000, max: 500_000 });
const learned: fc.Arbitrary<Learned> = fc.record({
  spam: fc.boolean(),
  source: fc.constantFrom('corpus', 'error', 'inoculation', undefined),
  rounds: fc.array(fc.record({ header: gradient, text: gradient, pairs: fc.nat({ max: 255 }) }), {
    maxLength: 3,
  }),
});
const fingerprint = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('notes', () => {
  test('of what was learned say so again', () => {
    fc.assert(
      fc.property(learned, (note) => {
        expect(decodeLearned(encodeLearned(note))).toEqual(note);
      }),
    );
  });

  test('of signatures say so again', () => {
    fc.assert(
      fc.property(fc.boolean(), fingerprint, anyWindows, (judgedSpam, print, windows) => {
        const again = decodeSigned(encodeSigned({ judgedSpam, fingerprint: print, windows }));
        expect(again.judgedSpam).toBe(judgedSpam);
        expect(Buffer.compare(again.fingerprint, print)).toBe(0);
        expect(Buffer.from(again.windows.start).equals(Buffer.from(windows.start))).toBe(true);
      }),
    );
  });

  test('stand anywhere in a larger buffer', () => {
    const note = encodeLearned({ spam: true, source: 'error', rounds: [{ header: -5, text: 7, pairs: 4 }] });
    const larger = Buffer.concat([Buffer.from('xxx'), note, Buffer.from('')]);
    expect(decodeLearned(larger.subarray(3))).toEqual(decodeLearned(note));
  });

  test.each([[[]], [[2, 0]], [[1]], [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]])(
    'of other bytes, %j, are damage',
    (bytes) => {
      expect(() => decodeLearned(Uint8Array.from(bytes))).toThrow(
        expect.objectContaining({ code: 'STORE_CORRUPT' }),
      );
      expect(() => decodeSigned(Uint8Array.from(bytes))).toThrow(
        expect.objectContaining({ code: 'STORE_CORRUPT' }),
      );
    },
  );

  test('of a signature whose windows are cut off are damage', () => {
    const note = Buffer.concat([Uint8Array.of(1, 0), Buffer.alloc(16), Buffer.from('garbage')]);
    expect(() => decodeSigned(note)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  });
});

describe('signature ids', () => {
  test("have DSPAM's form, with the time in front, and are never the same", () => {
    const ids = Array.from({ length: 1000 }, () => newSignature(0x6b035fbd));
    for (const id of ids) expect(id).toMatch(/^6b035fbd\d{16}$/);
    expect(new Set(ids).size).toBe(ids.length);
    expect(newSignature(-3600)).toMatch(/^00000000\d{16}$/);
    expect(newSignature(5)).toMatch(/^00000005\d{16}$/);
    expect(newSignature(2 ** 33 + 1.5)).toMatch(/^00000001\d{16}$/);
  });
});
