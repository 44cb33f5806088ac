/** What is decided of a message, and what its headers say. */
import type { Settings } from '../config/settings.ts';

/** DSPAM's results that tamis gives. */
export type Result = 'Spam' | 'Innocent' | 'Whitelisted';

/** One reason: a feature in words, and the probability of spam it argues for by itself. */
export interface Factor {
  /** Readable, any characters, or the bytes of a token of DSPAM's engine; the header encodes it. */
  readonly name: string | Uint8Array;
  /** 0 to 1. */
  readonly probability: number;
}

/** The settings in force for a user that say how a message goes out. */
export type Wishes = Pick<
  Settings,
  'spamAction' | 'spamSubject' | 'signatureLocation' | 'tagSpam' | 'tagNonspam'
>;

/** A judgement as the outside sees it. */
export interface Verdict {
  readonly user: string;
  readonly result: Result;
  /** Set where it is spam because its sender is on the user's blocklist: DSPAM's class Blocklisted. */
  readonly blocklisted?: boolean | undefined;
  /** Probability of spam, 0 to 1, calibrated. */
  readonly probability: number;
  /** How far from the threshold, 0 to 1. */
  readonly confidence: number;
  /** The id that retrains this message; undefined where nothing was stored. */
  readonly signature?: string | undefined;
  /** Set when the message was not judged but retrained: DSPAM's X-DSPAM-Reclassified. */
  readonly reclassified?: boolean | undefined;
  /** The reasons, strongest first; undefined unless showFactors asks for them. */
  readonly factors?: readonly Factor[] | undefined;
  /** What the user wants to become of it; undefined where nothing was judged. */
  readonly wishes?: Wishes | undefined;
  /** The member of a managed group whose message it is: DSPAM's X-DSPAM-User. */
  readonly member?: string | undefined;
  /** Set when the user has opted out: nothing was judged, and nothing is said. */
  readonly optedOut?: boolean | undefined;
  /** When it was judged. */
  readonly at: Date;
}
