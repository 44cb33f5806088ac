/**
 * What the daemon does with a message, whatever protocol brought it: judge, teach, forget; each told in the journal and counted.
 */
import type { Config } from '../config/load.ts';
import { describe, systemCode } from '../errors.ts';
import type { MessageSettings } from '../judge/modes.ts';
import type { Lesson, Taught } from '../judge/teaching.ts';
import { withoutDetail } from '../judge/users.ts';
import { Held } from './held.ts';
import type { Judged } from './jobs.ts';
import type { Journal, Outcome } from './journal.ts';
import type { Metrics } from './metrics.ts';
import type { Pool } from './pool.ts';
import type { Status } from './status.ts';

/** Who asks, for the journal. */
export interface Asked {
  readonly user: string;
  /** The protocol. */
  readonly via: string;
}

/** The beginning of a message that the client keeps. */
export interface Beginning {
  readonly prefix: Uint8Array;
  /** Whether it is all of the message. */
  readonly whole: boolean;
}

/** How a message is judged. */
export interface JudgeOptions extends Asked {
  /** Judge only: learn nothing, write nothing. */
  readonly classify?: boolean;
  /** Whether the reasons are wanted. */
  readonly factors?: boolean;
  /** In the place of the configuration's. */
  readonly settings?: MessageSettings | undefined;
}

/** What protocols ask for. */
export class Service {
  private readonly pool: Pool;
  private readonly journal: Journal;
  private readonly metrics: Metrics;
  private readonly version: string;
  /** The configuration in force. */
  config: Config;

  constructor(config: Config, parts: { pool: Pool; journal: Journal; metrics: Metrics; version: string }) {
    this.config = config;
    ({ pool: this.pool, journal: this.journal, metrics: this.metrics, version: this.version } = parts);
  }

  /** Bytes of a message that are judged. */
  get prefixBytes(): number {
    return this.config.settings.prefixBytes;
  }

  /** Bytes that a message may have. */
  get messageBytes(): number {
    return this.config.settings.messageBytes;
  }

  /** The user whom a name that a client gives belongs to. */
  userOf(given: string): string {
    return withoutDetail(given, this.config.settings);
  }

  /** Judges a message; learns from it as the training mode says. */
  async judge(message: Held | Beginning, options: JudgeOptions): Promise<Judged> {
    const { via, classify = false, factors = false, settings } = options;
    const user = this.userOf(options.user);
    const { prefix, whole } = await this.beginningOf(message);
    const size = sizeOf(message);
    return await this.told({ user, via, what: classify ? 'classify' : 'judge', size }, async () => {
      const judged = await this.pool.judge({
        kind: 'judge',
        user,
        prefix,
        whole,
        classify,
        factors,
        settings,
      });
      const { result, probability, confidence, signature } = judged.verdict;
      return [judged, { result, probability, confidence, signature }];
    });
  }

  /** Learns a message, or what the lesson's signature stands for; on disk when it resolves. */
  async teach(
    message: Held | Beginning | undefined,
    { user: given, via }: Asked,
    lesson: Lesson,
  ): Promise<Taught> {
    const user = this.userOf(given);
    const prefix = message && (await this.beginningOf(message)).prefix;
    const what = lesson.spam ? 'learn spam' : 'learn innocent';
    return await this.told({ user, via, what, size: message ? sizeOf(message) : 0 }, async () => {
      const taught = await this.pool.teach({ kind: 'teach', user, prefix, lesson });
      return [taught, { learning: taught.learning, signature: taught.verdict.signature }];
    });
  }

  /** Takes back what was learned of a message; false if nothing was. */
  async forget(message: Held, { user: given, via }: Asked): Promise<boolean> {
    const user = this.userOf(given);
    const { prefix } = await this.beginningOf(message);
    return await this.told({ user, via, what: 'forget', size: message.size }, async () => {
      const forgotten = await this.pool.forget({ kind: 'forget', user, prefix });
      return [forgotten, { learning: forgotten ? 'forgotten' : 'unknown' }];
    });
  }

  /** How the daemon is. */
  async status(): Promise<Status> {
    const { warm, bytes } = await this.pool.figures();
    return {
      version: this.version,
      pid: process.pid,
      uptime: Math.round(process.uptime()),
      home: this.config.home,
      warmUsers: warm,
      warmBytes: bytes,
      residentBytes: process.memoryUsage.rss(),
      ...(await this.metrics.counts()),
    };
  }

  private async beginningOf(message: Held | Beginning): Promise<Beginning> {
    if (!(message instanceof Held)) return message;
    const prefix = await message.prefix(this.prefixBytes);
    return { prefix, whole: prefix.length === message.size };
  }

  /** Does the work, and tells in the journal and the metrics how it went. */
  private async told<Result>(
    about: Pick<Outcome, 'user' | 'via' | 'what' | 'size'>,
    work: () => Promise<readonly [Result, Partial<Outcome>]>,
  ): Promise<Result> {
    const begun = performance.now();
    const tell = (result: Partial<Outcome>): void => {
      const outcome: Outcome = { ...about, ...result, ms: performance.now() - begun };
      // After the answer, which the client waits for.
      setImmediate(() => {
        this.metrics.count(outcome);
        this.journal.tell(outcome);
      });
    };
    try {
      const [value, result] = await work();
      tell(result);
      return value;
    } catch (error) {
      tell({ error: systemCode(error) ?? 'DAEMON', reason: describe(error) });
      throw error;
    }
  }
}

function sizeOf(message: Held | Beginning): number {
  return message instanceof Held ? message.size : message.prefix.length;
}
