/**
 * Names of messages in a Maildir: `unique:2,flags`.
 *
 * The unique part is made as https://cr.yp.to/proto/maildir.html asks: seconds, a part that no other delivery
 * on this host has, the host. What stands behind `:2,` are the flags of the mail reader, and only there: a
 * message in `new` has none, and letters of its unique part are not flags.
 */
import { hostname } from 'node:os';

/** Deliveries begun by this process; with the process id it tells two names of one moment apart. */
let deliveries = 0;

/** The host as it may stand in a file name: `/` and `:` are written as octal, as the Maildir page says. */
const host = (hostname() || 'localhost').replaceAll('/', '\\057').replaceAll(':', '\\072');

/** A unique name, `time.M…P…Q….host`: microseconds (M), process (P), delivery of the process (Q). A new one each call. */
export function uniqueName(): string {
  const now = Date.now();
  deliveries += 1;
  return `${Math.floor(now / 1000)}.M${(now % 1000) * 1000}P${process.pid}Q${deliveries}.${host}`;
}

/** The part of a message's name that stays when its flags change. */
export function uniquePart(name: string): string {
  const colon = name.lastIndexOf(':2,');
  return colon < 0 ? name : name.slice(0, colon);
}

/** The flags of a message: the letters behind `:2,`, up to the first that is none; empty if there are none. */
export function flagsOf(name: string): string {
  const colon = name.lastIndexOf(':2,');
  return colon < 0 ? '' : (/^[a-z]*/i.exec(name.slice(colon + 3))?.[0] ?? '');
}

/** Whether a message is a draft (D) or on its way out (T); such mail teaches nothing. */
export function isDraftOrTrashed(name: string): boolean {
  return /[DT]/.test(flagsOf(name));
}

/** Order of arrival: by the number that the names begin with, then by the rest; names without a number come last. */
export function compareNames(a: string, b: string): number {
  const numbers = leadingNumber(a) - leadingNumber(b);
  // Two names without a number differ by Infinity - Infinity, which is NaN.
  if (numbers < 0 || numbers > 0) return numbers;
  return a < b ? -1 : a > b ? 1 : 0;
}

function leadingNumber(name: string): number {
  const digits = /^\d+/.exec(name);
  return digits === null ? Infinity : Number(digits[0]);
}
