/**
 * The tokens of a message with what is known of them.
 */
import type { Hits, Probability } from './probability.ts';
import type { Token } from './tokens.ts';

/** A token with its probability. */
export interface Weighed {
  readonly token: Token;
  /** How often it counts: its frequency, less what noise reduction took away. */
  readonly frequency: number;
  /** 0 to 1, in double precision. */
  readonly probability: number;
}

/** The hits of a token's key; zeros where it is unknown. */
export type Lookup = (key: bigint) => Hits;

/** Weighs tokens. */
export function weigh(tokens: readonly Token[], lookup: Lookup, probabilityOf: Probability): Weighed[] {
  return tokens.map((token) => ({
    token,
    frequency: token.frequency,
    probability: probabilityOf(token.name, lookup(token.key)),
  }));
}
