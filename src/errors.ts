/**
 * Errors as values: a stable code for programs, a sentence for people, a cause for whoever
 * debugs. The sentence names the file, user or line concerned and says what to do.
 */

/** What can go wrong, each code with its meaning; codes never change once released. */
export const errorCodes = {
  USAGE: 'The command line asks for something that tamis does not do.',
  CONFIG: 'The configuration file or a --set cannot be used.',
  HOME: 'The home directory is missing, unreadable or not a directory.',
  INPUT: 'A message, mailbox or index cannot be read.',
  OUTPUT: 'The message cannot be written to where it should go.',
  DEADLINE: 'Judging took longer than the deadline.',
  DELIVERY: 'The delivery command or Maildir failed.',
  SIGNATURE_UNKNOWN: 'No such signature, or it has expired.',
  DAEMON: 'The daemon cannot do what is asked of it.',
  SECRET: 'The daemon asks for a secret that it was not told.',
  STORE_LOCKED: 'Another process holds the store of this user.',
  STORE_CORRUPT: 'The store of this user cannot be read.',
  STORE_VERSION: 'The store of this user was written by another version.',
  STORE_CHANGED: 'Another host has changed what a change to the store relies on.',
  STORE_FAILED: 'The store failed for a reason of its backend.',
  USER: 'The user name is missing or unknown.',
} as const;

/** One of the stable codes of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;

/** An error of tamis: `code` is stable, `message` is for a person, `cause` is what lies below. */
export class TamisError extends Error {
  /** The stable code. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TamisError';
    this.code = code;
  }
}

/**
 * One line that tells a person what went wrong: the sentence, then the sentences of its causes.
 * Newlines are folded to blanks, so that one error is one line in a log.
 */
export function describe(error: unknown): string {
  const sentences: string[] = [];
  for (let at: unknown = error; at !== undefined && sentences.length < 5;) {
    const sentence = at instanceof Error ? at.message : JSON.stringify(at);
    if (!sentences.some((earlier) => earlier.includes(sentence))) sentences.push(sentence);
    at = at instanceof Error ? at.cause : undefined;
  }
  return sentences.join(' / ').replace(/\s+/g, ' ').trim();
}

/** The code of an error of the operating system (`ENOENT`, `EACCES`, …) or of a library, if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
