/**
 * The 64-bit key of a token: CRC-64 of its bytes, reflected, polynomial 0xD800000000000000 (that of ISO 3309), begun with 0 and
 * not inverted at the end, so that `viagra` is 6625426497525293056 (DSPAM's capture 71-crc).
 *
 * The register is held as two halves of 32 bits: JavaScript's bigint would cost an allocation a byte.
 */

/** Buckets of DSPAM's dictionary of one message; the order in which it meets tokens (selection.ts). */
const buckets = 24_593;
const halfModulus = 2 ** 32 % buckets;

const polynomial = 0xd8000000;
const { high: highs, low: lows } = table();

/** A key, as its two halves; both unsigned. */
interface Halves {
  readonly high: number;
  readonly low: number;
}

/** The key of a token, given as one character a byte. */
export function tokenKey(name: string): bigint {
  const { high, low } = halves(name);
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The bucket of a key in DSPAM's dictionary: the key modulo 24593. */
export function bucketOf(key: bigint): number {
  const high = Number(key >> 32n);
  const low = Number(key & 0xffffffffn);
  return ((high % buckets) * halfModulus + (low % buckets)) % buckets;
}

function halves(name: string): Halves {
  let high = 0;
  let low = 0;
  for (let i = 0; i < name.length; i++) {
    const index = (low ^ name.charCodeAt(i)) & 0xff;
    low = (((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0)) >>> 0;
    high = ((high >>> 8) ^ (highs[index] ?? 0)) >>> 0;
  }
  return { high, low };
}

function table(): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let upper = 0;
    let lower = byte;
    for (let bit = 0; bit < 8; bit++) {
      const out = lower & 1;
      lower = ((lower >>> 1) | (upper << 31)) >>> 0;
      upper = out === 0 ? upper >>> 1 : ((upper >>> 1) ^ polynomial) >>> 0;
    }
    high[byte] = upper;
    low[byte] = lower;
  }
  return { high, low };
}
