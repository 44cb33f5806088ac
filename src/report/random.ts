/**
 * Chance that can be repeated: the same seed gives the same numbers on every machine and in every version.
 *
 * The generator is xoshiro128** of David Blackman and Sebastiano Vigna
 * (https://prng.di.unimi.it/xoshiro128starstar.c, public domain), its state filled from the seed by
 * splitmix64, as its authors advise. For experiments only: it is no secret.
 */

/** A sequence of random numbers. */
export class Random {
  private readonly state: Uint32Array;

  /** @param seed An integer; each gives another sequence. RangeError if it is not a safe integer. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`A seed is an integer, not ${seed}.`);
    this.state = spread(BigInt(seed));
  }

  /** An integer from 0 up to, without, `bound` (1 to 2^32), each as likely. */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RangeError(`A bound is an integer from 1 to 2^32, not ${bound}.`);
    }
    // Numbers beyond the last whole multiple of the bound would make the small results likelier.
    const fair = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const number = this.next();
      if (number < fair) return number % bound;
    }
  }

  /** A number from 0 up to, without, 1. */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  /** The next 32 bits. */
  private next(): number {
    const s = this.state;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = s;
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    s[2] = s2 ^ s0;
    s[3] = s3 ^ s1;
    s[1] = s1 ^ s2 ^ s0;
    s[0] = s0 ^ s3 ^ s1;
    s[2] ^= s1 << 9;
    s[3] = rotate(s[3], 11);
    return result;
  }
}

/** A copy of the items in random order, each order as likely (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

function rotate(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}

/** Four words of state from a seed, by splitmix64 (https://prng.di.unimi.it/splitmix64.c, public domain). */
function spread(seed: bigint): Uint32Array {
  const words = new BigUint64Array(2);
  let state = BigInt.asUintN(64, seed);
  for (let at = 0; at < words.length; at += 1) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let mixed = state;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    words[at] = mixed ^ (mixed >> 31n);
  }
  // By value, not by the bytes of the machine.
  return Uint32Array.from([...words].flatMap((word) => [Number(word & 0xffffffffn), Number(word >> 32n)]));
}
