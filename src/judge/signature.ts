/**
 * Signature ids, in DSPAM's form: eight hexadecimal digits of the time, then decimal digits, so that whatever a site has
 * written to find `^([0-9]+,)?[0-9a-f]{8}[0-9]+$` goes on finding it. The 16 digits behind the time are random: an id is also what
 * lets a message be retrained, and must not be guessed.
 */
import { randomBytes } from 'node:crypto';

/** A new id for a message judged at `seconds` since 1970. */
export function newSignature(seconds: number): string {
  const random = (randomBytes(8).readBigUInt64BE() % 10n ** 16n).toString().padStart(16, '0');
  return Math.floor(seconds).toString(16).padStart(8, '0').slice(-8) + random;
}
