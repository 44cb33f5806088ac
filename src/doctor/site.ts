/** What the checks look at: the installation as `tamis doctor` was asked about it. */
import type { Config } from '../config/load.ts';
import type { TamisError } from '../errors.ts';
import type { Finding } from './finding.ts';
import type { Person } from './person.ts';

/** An installation. */
export interface Site {
  /** Of this tamis. */
  readonly version: string;
  /** Node, and the file that it runs. */
  readonly program: readonly [node: string, script: string];
  /** Undefined: there is none. */
  readonly configFile: string | undefined;
  /** What is in force, or why that cannot be used. */
  readonly config: Config | TamisError;
  /** Who delivers. */
  readonly person: Person;
  /** Where the daemon listens, by protocol; empty where none is expected. */
  readonly sockets: Readonly<Partial<Record<Protocol, string>>>;
}

/** A protocol of the daemon. */
export type Protocol = 'socket' | 'spamd' | 'lmtp';

/** An installation whose configuration can be used. */
export interface Configured extends Site {
  readonly config: Config;
}

/** Looks at one thing. */
export type Check<Seen extends Site = Configured> = (
  site: Seen,
) => Iterable<Finding> | AsyncIterable<Finding>;
