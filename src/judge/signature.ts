/**
 * Signature ids, in DSPAM's form: eight hexadecimal digits of the time, then decimal digits, so that whatever a site has
 * written to find `^([0-9]+,)?[0-9a-f]{8}[0-9]+$` goes on finding it. The 16 digits behind the time are random: an id is also what
 * lets a message be retrained, and must not be guessed.
 */
import { randomInt } from 'node:crypto';

/** A new id for a message judged at `seconds` since 1970. */
export function newSignature(seconds: number): string {
  const half = (): string => randomInt(100_000_000).toString().padStart(8, '0');
  return Math.floor(seconds).toString(16).padStart(8, '0').slice(-8) + half() + half();
}
