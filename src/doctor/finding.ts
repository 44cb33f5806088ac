/** What `tamis doctor` finds: a stable code for programs, a sentence for people, and what to type. */
import type { ErrorCode } from '../errors.ts';

/** What can be found beside the codes of errors (errors.ts), each code with its meaning; codes never change once released. */
export const findingCodes = {
  CONFIG_UNREADABLE: 'Who delivers cannot read the configuration.',
  PROGRAM_UNREADABLE: 'Who delivers cannot run Node or read tamis.',
  SOCKET_UNREACHABLE: 'Who delivers cannot connect to a socket of the daemon.',
  ADDRESS_SPACE: 'A process that runs tamis may use too little address space for Node.',
  DISK_FULL: 'There is no space left.',
  DISK_LOW: 'There is little space left.',
  HOME_MISSING: 'There is no home.',
  HOME_OWNER: 'The home belongs to somebody else than who delivers.',
  HOME_UNWRITABLE: 'Who delivers cannot write to the home.',
  FILE_OWNER: 'A file of the home belongs to somebody else than the home.',
  CLOCK: 'A file of the home is dated in the future.',
  STORE_SLOW: 'The server of the store takes long to answer.',
  STORE_SETTING: 'The server of the store is not set up as it should be.',
  DAEMON_SILENT: 'Nothing answers on a socket of the daemon.',
  DAEMON_VERSION: 'The daemon is of another version.',
  DAEMON_HOME: 'The daemon keeps its users in another home.',
} as const;

/** One of the codes of {@link findingCodes}, or of an error. */
export type FindingCode = keyof typeof findingCodes | ErrorCode;

/** Something that is wrong, or soon will be. */
export interface Finding {
  readonly code: FindingCode;
  /** Names the file, user or process concerned. */
  readonly sentence: string;
  /** What to type in a shell, as root. */
  readonly type: string;
}

/** A word of a command line for a shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
