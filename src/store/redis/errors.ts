/** What errors of Redis and of ioredis mean. Redis begins its errors with a word in capitals, which is their code. */
import { describe, systemCode, TamisError, type ErrorCode } from '../../errors.ts';

interface Meaning {
  readonly signs: readonly string[];
  readonly code: ErrorCode;
  /** Follows the name of the store. */
  readonly sentence: string;
}

const meanings: readonly Meaning[] = [
  {
    signs: ['WRONGPASS', 'NOAUTH', 'ERR AUTH', 'ERR invalid password'],
    code: 'STORE_FAILED',
    sentence: 'refuses this user or password; correct the setting store.',
  },
  {
    signs: ['NOPERM'],
    code: 'STORE_FAILED',
    sentence: 'does not allow this user what tamis does; its ACL must allow +@all ~tamis:*.',
  },
  {
    signs: ['OOM'],
    code: 'STORE_FAILED',
    sentence: 'has no memory left; raise maxmemory, with the policy noeviction.',
  },
  {
    signs: ['MISCONF'],
    code: 'STORE_FAILED',
    sentence: 'cannot write its disk and takes no changes; make room there.',
  },
  { signs: ['READONLY'], code: 'STORE_FAILED', sentence: 'is a replica; name its master.' },
  {
    signs: ['LOADING', 'CLUSTERDOWN', 'MASTERDOWN', 'TRYAGAIN'],
    code: 'STORE_FAILED',
    sentence: 'is not ready.',
  },
  {
    signs: ['Too many Cluster redirections'],
    code: 'STORE_FAILED',
    sentence: 'has no master for this user; see redis-cli cluster nodes.',
  },
  {
    signs: ['All sentinels are unreachable'],
    code: 'STORE_FAILED',
    sentence: 'has no Sentinel that names its master; start them, or correct the setting store.',
  },
  {
    signs: ['WRONGTYPE', 'RangeError'],
    code: 'STORE_CORRUPT',
    sentence: 'has something else under a key of tamis.',
  },
  {
    signs: ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT'],
    code: 'STORE_FAILED',
    sentence: 'cannot be reached; start its server, or correct the setting store.',
  },
  {
    signs: [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_HAS_EXPIRED',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    code: 'STORE_FAILED',
    sentence: 'shows a certificate that cannot be trusted; name the file of who has signed it: ?ca=FILE.',
  },
  {
    signs: ['ECONNRESET', 'EPIPE', 'Connection is closed'],
    code: 'STORE_FAILED',
    sentence: 'ended the connection.',
  },
  {
    signs: ['ETIMEDOUT', 'connect ETIMEDOUT', 'Command timed out'],
    code: 'STORE_FAILED',
    sentence: 'does not answer in time.',
  },
];

/** What ioredis says where it has said more elsewhere. */
const vagueWords: readonly string[] = [
  'Connection is closed',
  'Reached the max retries',
  'Failed to refresh',
];

/**
 * What an error means.
 *
 * @param label What the store is called.
 * @param earlier What the connection itself last failed with: ioredis tells that elsewhere than where a command fails for it.
 */
export function explain(cause: unknown, label: string, earlier?: unknown): TamisError {
  if (cause instanceof TamisError) return cause;
  const vague = cause instanceof Error && vagueWords.some((words) => cause.message.startsWith(words));
  for (const error of vague ? [earlier, cause] : [cause, earlier]) {
    const meaning = meanings.find(({ signs }) => signs.some((sign) => shows(error, sign)));
    if (meaning !== undefined) {
      return new TamisError(meaning.code, `The store ${label} ${meaning.sentence}`, { cause: error });
    }
  }
  return new TamisError('STORE_FAILED', `The store ${label} failed: ${describe(cause)}`, { cause });
}

function shows(error: unknown, sign: string): boolean {
  if (!(error instanceof Error)) return false;
  if (systemCode(error) === sign || error.name === sign || error.message.startsWith(sign)) return true;
  const last: unknown = 'lastNodeError' in error ? error.lastNodeError : undefined;
  return last !== undefined && shows(last, sign);
}
