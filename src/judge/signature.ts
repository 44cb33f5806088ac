/**
 * Signature ids, in DSPAM's form: eight hexadecimal digits of the time, then decimal digits, so that whatever a site has
 * written to find `^([0-9]+,)?[0-9a-f]{8}[0-9]+$` goes on finding it. The 16 digits behind the time are random: an id is also what
 * lets a message be retrained, and must not be guessed.
 */
import { randomFillSync } from 'node:crypto';
import { systemCode } from '../errors.ts';

/** Randomness is drawn for many ids at once: each draw is a call to the kernel. */
const pool = Buffer.alloc(8 * 64);
let used = pool.length;

/** A new id for a message judged at `seconds` since 1970; a clock that is before that counts as 0. */
export function newSignature(seconds: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = (pool.readBigUInt64BE(used) % 10n ** 16n).toString().padStart(16, '0');
  used += 8;
  return Math.floor(Math.max(0, seconds)).toString(16).padStart(8, '0').slice(-8) + random;
}

/** What a filter kept under the first of some ids that it knows; undefined if it knows none. */
export async function firstSigned<Read>(
  filter: { signed(id: string): Promise<Read> },
  ids: readonly string[],
): Promise<{ reading: Read; signature: string } | undefined> {
  for (const signature of ids) {
    try {
      return { reading: await filter.signed(signature), signature };
    } catch (error) {
      if (systemCode(error) !== 'SIGNATURE_UNKNOWN') throw error;
    }
  }
  return undefined;
}
