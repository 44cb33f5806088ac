/**
 * What errors of the SQL servers mean, and which of them pass by themselves.
 *
 * Drivers put the code into `code`: SQLSTATE (pg), the server's name of the error (mysql2), SQLITE_* (better-sqlite3), or that of
 * the operating system where the server cannot be reached.
 */
import { describe, systemCode, TamisError, type ErrorCode } from '../../errors.ts';

/** Another transaction was in the way, and this one has been undone as a whole. */
const collisions = new Set([
  '40001',
  '40P01',
  '55P03',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CHECKREAD',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
  'SQLITE_LOCKED',
]);

/** The connection has ended, and with it nobody knows whether what it was asked last was done. */
const losses = new Set([
  '57P01',
  '57P02',
  '08003',
  '08006',
  'ECONNRESET',
  'EPIPE',
  'PROTOCOL_CONNECTION_LOST',
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
]);

/** pg has no code for these. */
const lossSentences = [/^Connection terminated/u, /^Client has encountered a connection error/u];

/** How an error can be answered. */
export type Answer = 'again' | 'reconnect' | 'give up';

/** Whether to try again, on another connection if need be. */
export function answerTo(error: unknown): Answer {
  const code = systemCode(error) ?? '';
  if (collisions.has(code)) return 'again';
  if (losses.has(code)) return 'reconnect';
  if (error instanceof Error && code === '' && lossSentences.some((words) => words.test(error.message)))
    return 'reconnect';
  return 'give up';
}

interface Meaning {
  readonly codes: readonly string[];
  readonly code: ErrorCode;
  /** Follows the name of the store. */
  readonly sentence: string;
}

const meanings: readonly Meaning[] = [
  {
    codes: ['28P01', '28000', 'ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR'],
    code: 'STORE_FAILED',
    sentence: 'refuses this user or password; correct the setting store.',
  },
  {
    codes: ['3D000', 'ER_BAD_DB_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_NO_DB_ERROR'],
    code: 'STORE_FAILED',
    sentence: 'has no such database, or this user may not use it; create it, or correct the setting store.',
  },
  {
    codes: ['42501', 'ER_TABLEACCESS_DENIED_ERROR', 'SQLITE_READONLY', 'SQLITE_PERM'],
    code: 'STORE_FAILED',
    sentence: 'does not allow this user to write its tables.',
  },
  {
    codes: ['42P01', 'ER_NO_SUCH_TABLE'],
    code: 'STORE_VERSION',
    sentence: 'has no tables of tamis; make them: tamis store init.',
  },
  {
    codes: ['42703', '42804', 'ER_BAD_FIELD_ERROR', 'ER_WRONG_VALUE_COUNT_ON_ROW'],
    code: 'STORE_VERSION',
    sentence: 'has tables of another version of tamis; see tamis store check.',
  },
  {
    codes: ['53100', 'ER_RECORD_FILE_FULL', 'ER_DISK_FULL', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE'],
    code: 'STORE_FAILED',
    sentence: 'has no space left; make room.',
  },
  {
    codes: ['SQLITE_CORRUPT', 'SQLITE_NOTADB'],
    code: 'STORE_CORRUPT',
    sentence: 'is damaged or no SQLite database; restore a backup.',
  },
  {
    codes: ['SQLITE_CANTOPEN', 'EACCES', 'ENOTDIR'],
    code: 'HOME',
    sentence:
      'cannot be opened; make it (tamis store init), or see to the owner and the permissions of its directory.',
  },
  {
    codes: ['ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
    code: 'STORE_FAILED',
    sentence: 'cannot be reached; start its server, or correct the setting store.',
  },
  {
    codes: [...losses],
    code: 'STORE_FAILED',
    sentence: 'ended the connection; see what its server says.',
  },
  {
    codes: ['57P03', '53300', 'ER_CON_COUNT_ERROR', 'ER_TOO_MANY_USER_CONNECTIONS'],
    code: 'STORE_FAILED',
    sentence: 'takes no connection now.',
  },
];

/** Sentences that come without a code of their own. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/no such table/u, '42P01'],
  [/no such column|has no column named/u, '42703'],
  [/timeout/iu, 'TIMEOUT'],
  [/^Connection terminated|^Client has encountered a connection error/u, '08006'],
];

/** What an error of a server means. @param label What the store is called. */
export function explain(cause: unknown, label: string): TamisError {
  if (cause instanceof TamisError) return cause;
  const words = cause instanceof Error ? cause.message : '';
  const stated = sentences.find(([pattern]) => pattern.test(words))?.[1];
  const code = stated ?? systemCode(cause) ?? '';
  if (code === 'TIMEOUT' || code === 'ETIMEDOUT') {
    return new TamisError('STORE_FAILED', `The store ${label} does not answer in time.`, { cause });
  }
  const meaning = meanings.find(({ codes }) => codes.includes(code));
  if (meaning !== undefined) {
    return new TamisError(meaning.code, `The store ${label} ${meaning.sentence}`, { cause });
  }
  return new TamisError('STORE_FAILED', `The store ${label} failed: ${describe(cause)}`, { cause });
}
