/**
 * What a source tells of the users of a DSPAM site, one fact after another, whatever form it has.
 *
 * A source is read twice, first to check all of it, so it must tell the same facts in the same order each time.
 */
import { processUser } from '../config/load.ts';
import { describe, systemCode, TamisError } from '../errors.ts';

/** DSPAM's eight totals in the order in which it keeps them everywhere. */
export const totalNames = [
  'spam_learned',
  'innocent_learned',
  'spam_misclassified',
  'innocent_misclassified',
  'spam_corpusfed',
  'innocent_corpusfed',
  'spam_classified',
  'innocent_classified',
] as const;

/**
 * Of whom a fact is: a number of a user (uid) that the source names elsewhere, or a name; `site`: of all, unless they say otherwise; undefined: of
 * whom the whole source is.
 */
export type Owner = { readonly uid: number } | { readonly name: string } | 'site' | undefined;

/** A token of a user. */
export interface TokenFact {
  readonly kind: 'token';
  readonly owner: Owner;
  /** 0 to 2^64 - 1. */
  readonly token: bigint;
  readonly spam: number;
  readonly innocent: number;
  /** Day of the last hit, since 1970; 0: not told. */
  readonly day: number;
}

/** One thing that a source tells. */
export type Fact =
  | TokenFact
  /** In the order of {@link totalNames}. */
  | { readonly kind: 'totals'; readonly owner: Owner; readonly totals: readonly number[] }
  /** `data`: the tokens of the message, 16 bytes each; `day`: when it was made, since 1970; 0: not told. */
  | {
      readonly kind: 'signature';
      readonly owner: Owner;
      readonly id: string;
      readonly data: Uint8Array;
      readonly day: number;
    }
  | { readonly kind: 'preference'; readonly owner: Owner; readonly name: string; readonly value: string }
  /** A name of a uid; one uid may have several. */
  | { readonly kind: 'name'; readonly uid: number; readonly name: string };

/** Facts in chunks of some thousands. Throws TamisError INPUT that names the file and the place of what it cannot read. */
export type Facts = AsyncIterable<readonly Fact[]>;

/** The pseudo token that DSPAM's SQL drivers keep among those of a message. */
export const controlToken = 11_624_422_384_514_212_933n;

/** Facts in one chunk. */
export const chunkLength = 4096;

const mostHits = 2 ** 31 - 1;
const mostDays = 65_535;

/** The error of a source that is broken. @param place As `line 7` or `byte 80`; undefined: the whole. */
export function broken(file: string, place: string | undefined, what: string): TamisError {
  const at = place === undefined ? file : `${file}, ${place}`;
  return new TamisError('INPUT', `${at}: ${what} Nothing was imported.`);
}

/** The error of a source that the system does not let us read. */
export function unreadable(file: string, error: unknown): TamisError {
  const hint =
    systemCode(error) === 'EACCES'
      ? ` Reading goes on as ${processUser()}, the owner of tamis' home: let that user read it.`
      : '';
  return broken(file, undefined, `It cannot be read: ${describe(error)}.${hint}`);
}

/** A token as any of the schemas writes it: unsigned, signed (PostgreSQL's BIGINT), or as text; undefined if it is none. */
export function readToken(text: string): bigint | undefined {
  // A column of the type CHAR fills its values up with blanks.
  const digits = text.trim();
  if (!/^-?\d{1,20}$/.test(digits)) return undefined;
  const value = BigInt(digits);
  return value >= -(2n ** 63n) && value < 2n ** 64n ? BigInt.asUintN(64, value) : undefined;
}

/** A count of hits or messages; undefined if it is none. */
export function readCount(text: string): number | undefined {
  // Some drivers have let counters fall below 0.
  if (/^-\d{1,19}$/.test(text)) return 0;
  return /^\d{1,19}$/.test(text) ? Math.min(mostHits, Number(text)) : undefined;
}

/** The day, since 1970, of a date (`2026-11-22`, or with a time behind it) or of a Unix time; 0 for no date; undefined if it is none of these. */
export function readDay(text: string): number | undefined {
  if (/^\d{1,11}$/.test(text)) return Math.min(mostDays, Math.floor(Number(text) / 86_400));
  const date = /^(\d{4}-\d\d-\d\d)(?:[ T]|$)/.exec(text)?.[1];
  if (date === undefined) return undefined;
  if (date.startsWith('0000')) return 0;
  const day = Date.parse(date) / 86_400_000;
  return Number.isInteger(day) ? Math.max(0, Math.min(mostDays, day)) : undefined;
}
