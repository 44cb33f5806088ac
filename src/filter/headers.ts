/**
 * What a verdict looks like from outside: header lines and the summary line, in DSPAM's formats, which
 * people's rules match. Line ends are `\n` here; headerblock.ts turns them into the message's own.
 *
 * Invariant: printable ASCII, tab and `\n` only, every field but Factors on one line, no line above 998 bytes
 * (RFC 5322, 2.1.1).
 */
import { decimals } from '../classifier/dspam/decimals.ts';
import type { Factor, Verdict } from '../judge/verdict.ts';

/** Bytes of the Factors field at most, line ends counted as two each: DSPAM's bound. */
const factorsLimit = 10239;
/** Bytes of a factor's name that are shown; each may become three characters. */
const nameLimit = 300;
const percent = 0x25;

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The header lines of a verdict, each ending in `\n`. A message that was retrained gets X-DSPAM-Reclassified only, one of a user who has opted out nothing. */
export function headerLines(verdict: Verdict): string {
  const { result, confidence, probability, signature, factors } = verdict;
  if (verdict.optedOut === true) return '';
  if (verdict.reclassified === true) {
    return `X-DSPAM-Reclassified: ${result === 'Spam' ? 'Spam' : 'Innocent'}\n`;
  }
  const lines = [
    `X-DSPAM-Result: ${result}`,
    `X-DSPAM-Processed: ${ctime(verdict.at)}`,
    `X-DSPAM-Confidence: ${decimals(confidence, 4)}`,
    `X-DSPAM-Improbability: ${improbability(verdict)}`,
    `X-DSPAM-Probability: ${decimals(probability, 4)}`,
  ];
  if (signature !== undefined) lines.push(`X-DSPAM-Signature: ${signature}`);
  if (verdict.member !== undefined && result === 'Spam')
    lines.push(`X-DSPAM-User: ${plainName(verdict.member)}`);
  const reasons = factorsField(factors ?? []);
  if (reasons !== undefined) lines.push(reasons);
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * The summary line, with its `\n`. The user's name came with the envelope, from anybody: quotes and
 * whatever breaks a line become `?`, so that the name cannot state a result of its own.
 */
export function summaryLine(verdict: Verdict): string {
  const { result, probability, confidence, signature } = verdict;
  if (verdict.optedOut === true) return '';
  const user = verdict.user.replace(/[\p{Cc}\p{Zl}\p{Zp}"]/gu, '?');
  const fields = [
    `X-DSPAM-Result: ${user}`,
    `result="${result === 'Spam' ? 'Spam' : 'Innocent'}"`,
    `class="${verdict.blocklisted === true ? 'Blocklisted' : result}"`,
    `probability=${decimals(probability, 4)}`,
    `confidence=${decimals(confidence, 2)}`,
    `signature=${signature ?? 'N/A'}`,
  ];
  return `${fields.join('; ')}\n`;
}

/** A user's name in a header line; it came with the envelope, from anybody. */
function plainName(name: string): string {
  return name.slice(0, nameLimit).replace(/[^\x20-\x7e]/g, '?');
}

/** A time as C's ctime() writes it: local, the day padded with a blank, `Sun Nov  2 21:33:50 2026`. */
export function ctime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  const day = String(at.getDate()).padStart(2, ' ');
  return `${days[at.getDay()] ?? ''} ${months[at.getMonth()] ?? ''} ${day} ${clock} ${at.getFullYear()}`;
}

/**
 * `1 in N chance of being spam` (or `ham`, of spam): N = 1 + 100·c / (1 − c), rounded, where c is the confidence, at most
 * .999999. DSPAM reckons in single precision, which shows where c is near 1: a confidence of 1 says 98689409.
 */
function improbability({ result, confidence }: Verdict): string {
  const c = Math.fround(Math.min(confidence, 0.999999));
  const odds = 1 + Math.fround((100 * c) / (1 - c));
  return `1 in ${odds.toFixed(0)} chance of being ${result === 'Spam' ? 'ham' : 'spam'}`;
}

/** `X-DSPAM-Factors: N,` and N folded lines, `NAME, 0.12345` each, with commas between; undefined if none fits. */
function factorsField(factors: readonly Factor[]): string | undefined {
  const entries: string[] = [];
  // Room for the first line with the largest count there can be.
  let length = 'X-DSPAM-Factors: 99999,\r\n'.length;
  for (const { name, probability } of factors) {
    const entry = `\n\t${encoded(name)}, ${decimals(probability, 5)}`;
    // One more for the comma, one more for the line end of CRLF.
    length += entry.length + 2;
    if (length > factorsLimit) break;
    entries.push(entry);
  }
  return entries.length === 0 ? undefined : `X-DSPAM-Factors: ${entries.length},${entries.join(',')}`;
}

/** The UTF-8 bytes of a name as printable ASCII: what is not, and `%`, as `%xx`. */
function encoded(name: Factor['name']): string {
  let text = '';
  for (const byte of Buffer.from(name).subarray(0, nameLimit)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== percent;
    text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
