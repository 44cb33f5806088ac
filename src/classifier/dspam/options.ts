/**
 * How DSPAM's engine is set: the values of its directives Tokenizer, Algorithm, PValue and Feature, and of the preferences
 * that touch a judgement.
 */

/** How text becomes tokens. */
export type Tokenizer = 'word' | 'chain' | 'osb' | 'sbph';

/** How the tokens' probabilities become one; any that says spam wins. */
export type Algorithm = 'naive' | 'graham' | 'burton' | 'robinson' | 'chi-square';

/** How a token's hits become its probability. */
export type PValue = 'bcr' | 'robinson' | 'markov';

/** What the tokenizers need to know. */
export interface TokenOptions {
  readonly tokenizer: Tokenizer;
  /** Whether the whole From field is a token of its own, as automatic whitelisting needs it. */
  readonly whitelist: boolean;
  /** Names of header fields that are no tokens (IgnoreHeader); compared without regard to case. */
  readonly ignoredFields: readonly string[];
}

/** What a judgement needs to know. */
export interface JudgeOptions extends TokenOptions {
  /** At least one. */
  readonly algorithms: readonly Algorithm[];
  readonly pValue: PValue;
  /** Whether innocent hits count twice. */
  readonly bias: boolean;
  /** Statistical sedation, 0 to 10: how much evidence is asked for while a user has little innocent mail. */
  readonly sedation: number;
  /** Whether tokens out of their context are left out (Bayesian noise reduction). */
  readonly noise: boolean;
  /** Innocent messages of a sender that must be exceeded before it is whitelisted. */
  readonly whitelistThreshold: number;
  /** Whether a user trains until mature: it caps the sedation. */
  readonly untilMature: boolean;
}
