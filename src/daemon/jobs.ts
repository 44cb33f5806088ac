/**
 * What the daemon asks of a worker, and what it answers: plain values that go from thread to thread.
 */
import type { Config } from '../config/load.ts';
import type { ErrorCode } from '../errors.ts';
import type { Edit } from '../filter/edit.ts';
import type { MessageSettings } from '../judge/modes.ts';
import type { Excerpt } from '../judge/reading.ts';
import type { Lesson, Taught } from '../judge/teaching.ts';
import type { Verdict } from '../judge/verdict.ts';

/** What can be asked, each with its answer. */
export interface Answers {
  judge: Judged;
  teach: Taught;
  read: Excerpt;
  /** Whether anything was taken back. */
  forget: boolean;
  /** Nothing: from now on another configuration is in force. */
  configure: undefined;
  /** Bytes and number of warm users. */
  figures: { readonly bytes: number; readonly warm: number };
  /** Nothing: everything is on disk. */
  close: undefined;
}

/** A verdict, and the edits of the prefix that put the footers in. */
export interface Judged {
  readonly verdict: Verdict;
  readonly footers: readonly Edit[];
}

/** What a worker is asked. */
export type Job =
  | {
      readonly kind: 'judge';
      readonly user: string;
      readonly prefix: Uint8Array;
      /** Whether the prefix is the whole message. */
      readonly whole: boolean;
      readonly classify: boolean;
      /** Whether the reasons are asked for, whatever the configuration says. */
      readonly factors: boolean;
      /** In the place of the configuration's. */
      readonly settings: MessageSettings | undefined;
    }
  | {
      readonly kind: 'teach';
      readonly user: string;
      /** Undefined: by the lesson's signature alone. */
      readonly prefix: Uint8Array | undefined;
      readonly lesson: Lesson;
      /** What another worker has read of the message; undefined: it is still to be read. */
      readonly excerpt?: Excerpt | undefined;
    }
  /** A message of a user whose own worker has more to do. */
  | { readonly kind: 'read'; readonly prefix: Uint8Array }
  | { readonly kind: 'forget'; readonly user: string; readonly prefix: Uint8Array }
  | { readonly kind: 'configure'; readonly config: Config }
  | { readonly kind: 'figures' }
  | { readonly kind: 'close' };

/** The job of a kind. */
export type JobOf<Kind extends Job['kind']> = Extract<Job, { kind: Kind }>;

/** A job on its way to a worker. */
export interface Request {
  readonly id: number;
  readonly job: Job;
}

/** What comes back. */
export type Response =
  | { readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly id: number; readonly code: ErrorCode; readonly message: string };

/** What a worker is started with. */
export interface WorkerStart {
  readonly config: Config;
  /** Bytes that its warm users may take. */
  readonly budget: number;
}
