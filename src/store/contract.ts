/**
 * The contract of a store: what every backend (level, memory, sql, redis) keeps of a user.
 *
 * A user has four kinds of data:
 * - *features*: a key of 40 bits and two integers (`a`, `b`) each. What they mean is the learner's
 *   business. Writes are additive deltas, so that two hosts that learn for one user at once lose nothing and every
 *   backend arrives at the same sums. A record whose integers are both zero does not exist.
 * - *tokens*: those of DSPAM's engine, which must keep their 64 bits: a key and two integers (spam hits, innocent hits), additive in the same way, and the day
 *   of the last hit, the latest that was told.
 * - *totals*: named counters, additive too.
 * - *notes*: small byte strings under a byte-string key in a named space, that may expire.
 *
 * Everything that one message changes is one {@link Change}, applied whole or not at all.
 *
 * Limits: `a` and `b` saturate at the range of a signed 32-bit integer; a note key has 1 to 64 bytes; a note 0 to 16 KiB.
 */

/**
 * Counters: DSPAM's eight totals, and again for DSPAM's engine, which learns apart from the model; what the pair learner has counted of each class; messages that have arrived since a person
 * last told a class; messages that both engines have judged, and those on which one alone was wrong (judge/contest.ts).
 */
export const counters = [
  'spamLearned',
  'innocentLearned',
  'spamMisclassified',
  'innocentMisclassified',
  'spamCorpusfed',
  'innocentCorpusfed',
  'spamClassified',
  'innocentClassified',
  'spamTrained',
  'innocentTrained',
  'uncorrected',
  'dspamSpamLearned',
  'dspamInnocentLearned',
  'dspamSpamMisclassified',
  'dspamInnocentMisclassified',
  'dspamSpamCorpusfed',
  'dspamInnocentCorpusfed',
  'dspamSpamClassified',
  'dspamInnocentClassified',
  'contested',
  'hamLostByDspam',
  'hamLostByTamis',
  'spamMissedByDspam',
  'spamMissedByTamis',
] as const;

/** The name of one counter. */
export type Counter = (typeof counters)[number];

/** All counters of a user; absent ones read as 0. */
export type Totals = Record<Counter, number>;

/** `signature`: what retraining by signature needs; `learned`: which messages were learned, and as what; `preference`: what the user has set. */
export type NoteSpace = 'signature' | 'learned' | 'preference';

/** Rows of features, as columns: `values` holds `a` and `b` of key i at 2i and 2i + 1. */
export interface FeatureRows {
  /** Integers of 0 … 2^40 - 1. */
  readonly keys: Float64Array;
  /** Two for each key. */
  readonly values: Int32Array;
}

/** Rows of tokens, as columns: `values` holds the spam hits and innocent hits of key i at 2i and 2i + 1. */
export interface TokenRows {
  readonly keys: BigUint64Array;
  /** Two for each key. */
  readonly values: Int32Array;
  /** The day of each token's last hit, counted from 1970-01-01, up to 65,535; 0: not known. In a change: today unless told; a record keeps the latest. */
  readonly days?: Uint16Array | undefined;
}

/** A note to write. */
export interface Note {
  readonly space: NoteSpace;
  readonly key: Uint8Array;
  /** The bytes, or undefined to remove the note. */
  readonly value: Uint8Array | undefined;
  /** When the note ends, in seconds since 1970; undefined: never. */
  readonly expires?: number | undefined;
}

/** What a note must be for a change to be applied: one that does not expire, or none (undefined). */
export type Expectation = Pick<Note, 'space' | 'key' | 'value'>;

/** A signature of DSPAM's own kind, by which its programs retrain a message: its tokens, each with how often it occurs. */
export interface TokenSignature {
  readonly id: string;
  readonly keys: BigUint64Array;
  readonly frequencies: Uint8Array;
}

/** Everything that one message changes. Keys may repeat: their deltas add up. */
export interface Change {
  /** What the change relies on. If anything is otherwise, nothing is written, and `apply` throws STORE_CHANGED. */
  readonly expects?: readonly Expectation[] | undefined;
  readonly features?: FeatureRows | undefined;
  readonly tokens?: TokenRows | undefined;
  readonly totals?: Partial<Totals> | undefined;
  readonly notes?: readonly Note[] | undefined;
  /** Kept by stores on DSPAM's own tables only. */
  readonly signature?: TokenSignature | undefined;
}

/** Bytes that a user's data takes, as the backend accounts for them. */
export interface Sizes {
  readonly featureBytes: number;
  readonly tokenBytes: number;
  readonly noteBytes: number;
}

/** One user's data, open. Methods throw TamisError with a STORE_ code. */
export interface UserStore {
  /** Reads `a` and `b` of each key, zeros where there is no record: two integers a key, in the order asked. */
  readFeatures(keys: Float64Array): Promise<Int32Array>;
  /** All features in unspecified order, in chunks. */
  features(): AsyncIterable<FeatureRows>;
  /** Reads the hits of each token, zeros where there is no record: two integers a key, in the order asked. */
  readTokens(keys: BigUint64Array): Promise<Int32Array>;
  /**
   * All tokens, in chunks and in an order that is always the same; `after`: only those behind this one, which ended an
   * earlier chunk, so that long work can let go of the user between chunks.
   */
  tokens(after?: bigint): AsyncIterable<TokenRows>;
  totals(): Promise<Totals>;
  /** A note, or undefined if it does not exist or has expired at `now` (seconds since 1970, default: the clock). */
  note(space: NoteSpace, key: Uint8Array, now?: number): Promise<Uint8Array | undefined>;
  /** The tokens of a message that DSPAM itself has signed; only stores on DSPAM's own tables know any. */
  dspamSignature?(id: string): Promise<BigUint64Array | undefined>;
  /** All notes in unspecified order, in chunks; those that have expired and were not purged too. */
  notes(): AsyncIterable<readonly Note[]>;
  /**
   * Applies a change whole or not at all. `durable`: resolves only when it is on disk (fsync); what is
   * learned must be, a signature need not.
   */
  apply(change: Change, options?: { durable?: boolean }): Promise<void>;
  /** Removes notes that have expired at `now`; resolves to how many. */
  purge(now: number): Promise<number>;
  sizes(): Promise<Sizes>;
  /** Lets go of the user; closing twice is allowed. `isBrief`: it will be opened again at once, so that work on its data that can wait is left. */
  close(options?: { isBrief?: boolean }): Promise<void>;
}

/** How to open a user. */
export interface OpenOptions {
  /** Create the user if unknown; without it an unknown user is undefined and nothing is created. */
  readonly create: boolean;
  /** How long to wait for a lock that another process holds, in milliseconds (default 0); then STORE_LOCKED. */
  readonly wait?: number;
  /** Notes that will be asked for first: backends over a network bring them along. */
  readonly ahead?: readonly Pick<Note, 'space' | 'key'>[];
}

/**
 * A backend's instance. On the backends of one machine (level, memory) one opener at a time has a user. On those that hosts share
 * (sql, redis) any number have: what one applied, the others read from then on; and a user who is removed while open refuses changes.
 * User names are any non-empty string; they are encoded safely by the backend.
 */
export interface Store {
  /** Whether any number of processes have a user open at a time, so that others may change it between a reading and a change. */
  readonly isShared: boolean;
  open(user: string, options: OpenOptions): Promise<UserStore | undefined>;
  /** The names of all users that exist, in unspecified order. */
  users(): AsyncIterable<string>;
  /** Removes a user and all that is known of it; false if there was none. */
  remove(user: string, options?: { wait?: number }): Promise<boolean>;
  /** Makes what the backend needs before its first user (tables), or brings it to the newest format; safe to repeat. */
  init(): Promise<void>;
  /** Looks whether the backend is there and set up as it should be: sentences for the administrator, empty if all is well. */
  check(): Promise<readonly string[]>;
  close(): Promise<void>;
}
