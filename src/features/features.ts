/**
 * The features of a message, made from its windows in one pass each: byte 4-grams of the header block, byte
 * 4-grams of the text, and pairs of adjacent words over both. All are binary (there or not) and distinct.
 *
 * Single words are left out on purpose: a salad of good words makes no known pairs, and so argues for nothing.
 */
import { distinct, headerGrams, mix, pairKey, textGrams } from './keys.ts';
import type { Windows } from './windows.ts';

/** How many bytes of the windows each kind of feature reads. */
export const spans = { headerGrams: 2500, textGrams: 2500, pairs: 6000 } as const;

/** The features of one message: sorted, distinct keys of each kind. */
export interface Features {
  readonly header: Float64Array;
  readonly text: Float64Array;
  readonly pairs: Float64Array;
}

/** The longest word that tells two words apart; what follows is not looked at. */
const wordBytes = 40;

/** Names what is in the windows. At most about 6,000 keys, usually 2,000. */
export function featuresOf(windows: Windows): Features {
  return {
    header: grams(windows.header.subarray(0, spans.headerGrams), headerGrams),
    text: grams(windows.text.subarray(0, spans.textGrams), textGrams),
    pairs: pairs(windows),
  };
}

/** All runs of four bytes, as keys. */
function grams(bytes: Uint8Array, base: number): Float64Array {
  const keys = new Float64Array(Math.max(0, bytes.length - 3));
  let gram = 0;
  for (let i = 0; i < bytes.length; i++) {
    gram = ((gram << 8) | (bytes[i] ?? 0)) >>> 0;
    if (i >= 3) keys[i - 3] = base + gram;
  }
  return distinct(keys, keys.length);
}

/** All pairs of neighbours among the words of the header, then of the text. */
function pairs({ header, text }: Windows): Float64Array {
  const keys = new Float64Array(spans.pairs);
  let count = 0;
  let previous: number | undefined;
  for (const word of wordsOf(header, text.subarray(0, Math.max(0, spans.pairs - header.length)))) {
    if (previous !== undefined) keys[count++] = pairKey(previous, word);
    previous = word;
  }
  return distinct(keys, count);
}

/** The hashes of the words of some bytes, in order; a word is a run of bytes above 32. */
export function wordsOf(...windows: readonly Uint8Array[]): Uint32Array {
  const hashes = new Uint32Array(spans.pairs);
  let count = 0;
  for (const bytes of windows) {
    let hash = 0;
    let length = 0;
    for (let i = 0; i <= bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (byte > 32) {
        if (length++ < wordBytes) hash = (Math.imul(hash ^ byte, 0x01000193) + 0x9e37) | 0;
      } else if (length > 0) {
        hashes[count++] = mix(hash);
        hash = 0;
        length = 0;
      }
    }
  }
  return hashes.subarray(0, count);
}
