/**
 * Keys of features: integers of 40 bits, held as Float64Array because that is what the engine sorts and compares
 * without allocating.
 *
 * | range                  | feature                                             |
 * |------------------------|-----------------------------------------------------|
 * | 1 × 2^32 + gram        | 4 bytes, which are the key, of the fields that somebody looks at |
 * | 2 × 2^32 + gram        | 4 bytes of the Received fields                      |
 * | 3 × 2^32 + gram        | 4 bytes of the text                                 |
 * | 4 × 2^32 + hash        | a fact                                              |
 * | 5 × 2^32 + hash        | the domain of the sender                            |
 * | 2^39 + 39 bits of hash | a pair of adjacent words                            |
 *
 * Grams need no hash, so that two grams never share a record and `explain` reads them back from the key. Two
 * of 500,000 pairs share a record with probability 0.2 in all.
 */

const space = 2 ** 32;
const pairBase = 2 ** 39;

/** Where the keys of each kind of gram begin. */
export const gramBases: Readonly<Record<'sender' | 'route' | 'text', number>> = {
  sender: 1 * space,
  route: 2 * space,
  text: 3 * space,
};

const factBase = 4 * space;
const senderBase = 5 * space;

/** The key of a fact, given by bytes and where it begins and ends among them. */
export function factKey(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
  return factBase + hashOf(bytes, from, to);
}

/** The key of a sender's domain, given by its bytes. */
export function senderKey(bytes: Uint8Array): number {
  return senderBase + hashOf(bytes, 0, bytes.length);
}

/** The key of the pair of two words, each given by its hash of 32 bits. The order of the words matters. */
export function pairKey(first: number, second: number): number {
  const low = mix(Math.imul(first, 0x9e3779b1) ^ second);
  const high = mix(Math.imul(second, 0x85ebca6b) + first) & 0x7f;
  return pairBase + high * space + low;
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at++) hash = (Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193) + 0x9e37) | 0;
  return mix(hash);
}

/** A finaliser of good avalanche on 32 bits (fmix32 of MurmurHash3). The result is unsigned. */
export function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Keys, each once. */
export interface Distinct {
  readonly keys: Float64Array;
  /** Where the keys of each group end among them. */
  readonly ends: readonly number[];
}

/** Slots for the keys of one call of {@link distinct}: kept, because making and clearing them anew costs more than all else. */
let seen = new Float64Array(1024);

/**
 * Keys in groups, each key once, in the order in which they first come. Overwrites `keys`.
 *
 * @param keys Integers above 0, of which the low bits are a hash.
 * @param ends Where each group ends; what is behind the last end is left out.
 */
export function distinct(keys: Float64Array, ends: readonly number[]): Distinct {
  const length = ends.at(-1) ?? 0;
  let count = 64;
  while (count < 2 * length) count *= 2;
  if (seen.length < count) seen = new Float64Array(count);
  const slots = seen.fill(0, 0, count);
  let kept = 0;
  let i = 0;
  const keptEnds = ends.map((end) => {
    for (; i < end; i++) {
      const key = keys[i] ?? 0;
      let slot = key & (count - 1);
      while (slots[slot] !== 0 && slots[slot] !== key) slot = (slot + 1) & (count - 1);
      if (slots[slot] === key) continue;
      slots[slot] = key;
      keys[kept++] = key;
    }
    return kept;
  });
  return { keys: keys.slice(0, kept), ends: keptEnds };
}
