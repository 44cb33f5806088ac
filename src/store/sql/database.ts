/**
 * A connection to a SQL server, as the store uses it: queries that outlive a lost connection, and transactions that outlive
 * deadlocks and are never done twice.
 *
 * Invariant: a transaction is tried again only if it has been undone, or if it can tell that it was done ({@link Database.transaction}).
 * A statement that does not end in time is given up with the connections that are open: the next one begins on a new one.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, sql, type RawBuilder } from 'kysely';
import { TamisError } from '../../errors.ts';
import { answerTo, explain } from './errors.ts';
import type { Tables } from './schema.ts';
import { statementPatience, type SqlServer } from './server.ts';

/** Milliseconds for a replica, before the server itself is asked. */
const replicaPatience = 1000;
/** Milliseconds after which nothing is tried again. */
const patience = 4000;
/** Milliseconds before the second try, at most; doubled for each further one. */
const firstPause = 8;
const longestPause = 250;

/** A server, and the connections to it. */
export class Database {
  readonly server: SqlServer;
  #kysely: Kysely<Tables> | undefined;
  #reader: Kysely<Tables> | undefined;

  constructor(server: SqlServer) {
    this.server = server;
  }

  /** Runs queries that change nothing, or that can be repeated. */
  async run<Result>(work: (database: Kysely<Tables>) => Promise<Result>): Promise<Result> {
    return await this.#persist(() => this.#inTime(work(this.#connected())));
  }

  /** Runs queries that read what a message needs: from the replica, if there is one and it answers. */
  async read<Result>(work: (database: Kysely<Tables>) => Promise<Result>): Promise<Result> {
    const { connectReader } = this.server;
    if (connectReader === undefined) return await this.run(work);
    this.#reader ??= new Kysely<Tables>({ dialect: connectReader() });
    try {
      return await this.#inTime(work(this.#reader), replicaPatience);
    } catch {
      const reader = this.#reader;
      this.#reader = undefined;
      void reader.destroy().catch(() => undefined);
      return await this.run(work);
    }
  }

  /**
   * Runs a transaction on one connection.
   *
   * @param work Tells by itself whether it was done before, because a commit may have reached the server when the connection ends.
   */
  async transaction<Result>(
    durable: boolean,
    work: (database: Kysely<Tables>) => Promise<Result>,
  ): Promise<Result> {
    return await this.#persist(() =>
      this.#connected()
        .connection()
        .execute(async (connection) => {
          const say = async (words: string): Promise<void> => {
            await this.#inTime(sql.raw(words).execute(connection));
          };
          for (const words of this.server.begin(durable)) await say(words);
          try {
            const result = await work(connection);
            await say('commit');
            return result;
          } catch (error) {
            await say('rollback').catch(() => {
              this.#giveUp();
            });
            throw error;
          }
        }),
    );
  }

  /** A statement of a transaction, that must end in time. */
  async within<Row>(query: RawBuilder<Row>, connection: Kysely<Tables>): Promise<readonly Row[]> {
    return (await this.#inTime(query.execute(connection))).rows;
  }

  async close(): Promise<void> {
    const all = [this.#kysely, this.#reader];
    this.#kysely = undefined;
    this.#reader = undefined;
    for (const one of all) await one?.destroy();
  }

  #connected(): Kysely<Tables> {
    this.#kysely ??= new Kysely<Tables>({ dialect: this.server.connect() });
    return this.#kysely;
  }

  /** Leaves the connections to themselves. */
  #giveUp(): void {
    void this.close().catch(() => undefined);
  }

  async #inTime<Result>(work: Promise<Result>, patience = statementPatience): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (patience === statementPatience) this.#giveUp();
        reject(new TamisError('STORE_FAILED', `The store ${this.server.label} does not answer in time.`));
      }, patience);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #persist<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const end = performance.now() + patience;
    for (let longest = firstPause; ; longest = Math.min(2 * longest, longestPause)) {
      try {
        return await attempt();
      } catch (error) {
        const answer = answerTo(error);
        if (answer === 'give up' || performance.now() > end) throw explain(error, this.server.label);
        if (answer === 'reconnect') this.#giveUp();
        await sleep(randomInt(1, longest));
      }
    }
  }
}
