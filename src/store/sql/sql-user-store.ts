/**
 * One user's data in the tables of a SQL server (schema.ts).
 *
 * A change is one transaction. It begins by entering its operation, which also locks the user: hosts that learn for one user
 * at once follow each other, a change that comes again because its connection was lost finds itself done, and a
 * change for a user who was removed meanwhile fails. Within it one statement adds what was learned, whatever was there.
 */
import { randomBytes } from 'node:crypto';
import { sql, type Kysely, type RawBuilder } from 'kysely';
import { TamisError } from '../../errors.ts';
import { AbstractUserStore, changed, type PurgeStep } from '../abstract-user-store.ts';
import type { CheckedChange, CheckedNote } from '../change.ts';
import {
  counters,
  type Expectation,
  type FeatureRows,
  type Note,
  type NoteSpace,
  type Sizes,
  type TokenRows,
  type Totals,
} from '../contract.ts';
import type { Database } from './database.ts';
import { explain } from './errors.ts';
import { nothing, spaces, type CountName, type Tables } from './schema.ts';
import type { CountRows } from './server.ts';

/** Rows of a chunk of `features()` and `tokens()`, and of one statement that adds. */
const chunk = 8192;
/** Notes that one step of a purge removes. */
const step = 500;
/** Seconds for which an operation is remembered. */
const memory = 3600;

/** A key with its two integers; the key is a 64-bit integer in decimal. */
interface Count {
  readonly k: string;
  readonly a: number;
  readonly b: number;
  /** Of tokens only. */
  readonly day?: number;
}

/** A user of the sql backend. */
export class SqlUserStore extends AbstractUserStore {
  /** The user's number in the tables. */
  protected readonly id: number;
  protected readonly database: Database;
  /** Ends when the last read has ended: a user takes one connection at a time. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(user: string, id: number, database: Database) {
    super(user);
    this.id = id;
    this.database = database;
  }

  protected async _readFeatures(keys: Float64Array): Promise<Int32Array> {
    return await this.#readCounts('tamis_features', Array.from(keys, String));
  }

  protected async *_features(): AsyncIterable<FeatureRows> {
    for await (const rows of this.#allCounts('tamis_features')) {
      yield { keys: Float64Array.from(rows, ({ k }) => Number(k)), values: valuesOf(rows) };
    }
  }

  protected async _readTokens(keys: BigUint64Array): Promise<Int32Array> {
    return await this.#readCounts('tamis_tokens', Array.from(keys, signed));
  }

  protected async *_tokens(after: bigint | undefined): AsyncIterable<TokenRows> {
    const from = after === undefined ? undefined : signed(after);
    for await (const rows of this.#allCounts('tamis_tokens', from)) {
      yield {
        keys: BigUint64Array.from(rows, ({ k }) => BigInt.asUintN(64, BigInt(k))),
        values: valuesOf(rows),
        days: Uint16Array.from(rows, ({ day = 0 }) => day),
      };
    }
  }

  protected async _totals(): Promise<Totals> {
    const rows = await this.inTurn(
      sql<Count>`select k, a, b from tamis_totals where user_id = ${this.id}`,
      'replica',
    );
    const totals = Object.fromEntries(counters.map((counter) => [counter, 0])) as Totals;
    for (const { k, a } of rows) {
      const counter = counters[Number(k)];
      if (counter !== undefined) totals[counter] = a;
    }
    return totals;
  }

  protected async _note(space: NoteSpace, key: Uint8Array, now: number): Promise<Uint8Array | undefined> {
    const [row] = await this.inTurn(
      sql<{ value: Buffer; expires: number | string | null }>`select value, expires from tamis_notes
        where user_id = ${this.id} and space = ${spaces[space]} and k = ${Buffer.from(key)}`,
    );
    if (row === undefined || (row.expires !== null && Number(row.expires) <= now)) return undefined;
    return new Uint8Array(row.value);
  }

  protected async *_notes(): AsyncIterable<readonly Note[]> {
    for (const [space, code] of Object.entries(spaces) as [NoteSpace, number][]) {
      for (let last: Uint8Array = new Uint8Array(); ;) {
        const rows = await this.inTurn(
          sql<{
            k: Buffer;
            value: Buffer;
            expires: number | string | null;
          }>`select k, value, expires from tamis_notes
            where user_id = ${this.id} and space = ${code} and k > ${Buffer.from(last)} order by k limit ${sql.lit(step)}`,
        );
        yield rows.map(({ k, value, expires }) => ({
          space,
          key: new Uint8Array(k),
          value: new Uint8Array(value),
          expires: expires === null ? undefined : Number(expires),
        }));
        if (rows.length < step) break;
        last = rows.at(-1)?.k ?? last;
      }
    }
  }

  protected async _apply(change: CheckedChange, durable: boolean): Promise<void> {
    const operation = randomBytes(16);
    await this.database.transaction(durable, async (db) => {
      if (!(await this.#enter(operation, db))) return;
      for (const one of change.expects) if (!(await this.#isSo(one, db))) throw changed(this.user);
      await this.write(change, db);
    });
  }

  /** Writes a change within a transaction that makes sure of all else. */
  protected async write(
    { features, tokens, totals, notes }: CheckedChange,
    db: Kysely<Tables>,
  ): Promise<void> {
    const { keys, values } = features;
    const learned = Array.from(keys, (key, at) => ({
      k: String(key),
      a: values[2 * at] ?? 0,
      b: values[2 * at + 1] ?? 0,
    }));
    const hits = Array.from(tokens, ([key, [a, b, day]]) => ({ k: signed(key), a, b, day }));
    const counted = Array.from(totals, ([counter, a]) => ({ k: String(counters.indexOf(counter)), a, b: 0 }));
    await this.#add('tamis_features', learned, db);
    await this.#add('tamis_tokens', hits, db);
    await this.#add('tamis_totals', counted, db);
    await this.#writeNotes(notes, db);
  }

  /** The transaction looks. */
  protected override _holds(): Promise<boolean> {
    return Promise.resolve(true);
  }

  protected async _purge(now: number): Promise<PurgeStep> {
    const id = this.id;
    return await this.database.run(async (db) => {
      const expired = db.selectFrom('tamis_notes').where('user_id', '=', id).where('expires', '<=', now);
      const next = await expired
        .select('expires')
        .orderBy('expires')
        .offset(step)
        .limit(1)
        .executeTakeFirst();
      const { numDeletedRows } = await db
        .deleteFrom('tamis_notes')
        .where('user_id', '=', id)
        .where('expires', '<=', next?.expires ?? now)
        .executeTakeFirst();
      if (next === undefined) {
        for (const table of ['tamis_features', 'tamis_tokens'] as const) {
          await db
            .deleteFrom(table)
            .where('user_id', '=', id)
            .where('a', '=', 0)
            .where('b', '=', 0)
            .execute();
        }
        const forgotten = Math.floor(Date.now() / 1000) - memory;
        await db
          .deleteFrom('tamis_operations')
          .where('user_id', '=', id)
          .where('made', '<', forgotten)
          .execute();
      }
      return { removed: Number(numDeletedRows), next: next && new Uint8Array() };
    });
  }

  /** Features and tokens as rows times what a row takes by estimate; notes as the bytes of their keys and values. */
  protected async _sizes(): Promise<Sizes> {
    const count = async (table: CountName): Promise<number> => {
      const [row] = await this.inTurn(
        sql<{
          n: number | string;
        }>`select count(*) as n from ${sql.table(table)} where user_id = ${this.id}`,
      );
      return Number(row?.n ?? 0);
    };
    const { rowBytes } = this.database.server;
    const [notes] = await this.inTurn(
      sql<{
        n: number | string | null;
      }>`select sum(length(k) + length(value)) as n from tamis_notes where user_id = ${this.id}`,
    );
    return {
      featureBytes: rowBytes * (await count('tamis_features')),
      tokenBytes: rowBytes * (await count('tamis_tokens')),
      noteBytes: Number(notes?.n ?? 0),
    };
  }

  protected async _close(): Promise<void> {
    await this.#reading;
  }

  protected _explain(error: unknown): TamisError {
    return explain(error, this.database.server.label);
  }

  /** Locks the user and notes the operation; false if it is in the tables already. */
  async #enter(operation: Buffer, db: Kysely<Tables>): Promise<boolean> {
    const { server } = this.database;
    const users = await this.database.within(
      sql<{ id: number }>`select id from tamis_users where id = ${this.id} ${server.lock}`,
      db,
    );
    if (users.length === 0) {
      throw new TamisError(
        'STORE_FAILED',
        `The user ${this.user} was removed meanwhile; nothing was written.`,
      );
    }
    const done = await this.database.within(
      sql`select 1 from tamis_operations where user_id = ${this.id} and id = ${operation}`,
      db,
    );
    if (done.length > 0) return false;
    await this.database.within(
      sql`insert into tamis_operations (user_id, id, made) values (${this.id}, ${operation}, ${Math.floor(Date.now() / 1000)})`,
      db,
    );
    return true;
  }

  async #isSo({ space, key, value }: Expectation, db: Kysely<Tables>): Promise<boolean> {
    const [row] = await this.database.within(
      sql<{ value: Buffer }>`select value from tamis_notes
        where user_id = ${this.id} and space = ${spaces[space]} and k = ${Buffer.from(key)}`,
      db,
    );
    if (row === undefined || value === undefined) return row === undefined && value === undefined;
    return Buffer.compare(row.value, value) === 0;
  }

  /** In the order of keys, which is that of the table. */
  async #add(table: CountName, unordered: readonly Count[], db: Kysely<Tables>): Promise<void> {
    const all = unordered.toSorted((one, other) => Number(one.k) - Number(other.k));
    for (let at = 0; at < all.length; at += chunk) {
      const part = all.slice(at, at + chunk);
      const rows: CountRows = {
        keys: part.map(({ k }) => k),
        a: part.map(({ a }) => a),
        b: part.map(({ b }) => b),
        days: table === 'tamis_tokens' ? part.map(({ day = 0 }) => day) : undefined,
      };
      await this.database.within(this.database.server.add(table, this.id, rows), db);
    }
  }

  async #writeNotes(notes: readonly CheckedNote[], db: Kysely<Tables>): Promise<void> {
    for (const { space, key, value, expires } of notes) {
      const place = { user_id: this.id, space: spaces[space], k: Buffer.from(key) };
      const old = db.deleteFrom('tamis_notes').where((is) => is.and(place));
      await old.execute();
      if (value === undefined) continue;
      const row = { ...place, value: Buffer.from(value), expires: expires ?? null };
      await db.insertInto('tamis_notes').values(row).execute();
    }
  }

  async #readCounts(table: CountName, keys: readonly string[]): Promise<Int32Array> {
    const values = new Int32Array(2 * keys.length);
    if (keys.length === 0) return values;
    const { server } = this.database;
    const rows = await this.inTurn(
      sql<Count>`select ${server.asText('k')} as k, a, b from ${sql.table(table)} where user_id = ${this.id} and ${server.isOneOf(keys)}`,
      'replica',
    );
    const found = new Map(rows.map((row) => [row.k, row]));
    for (const [at, key] of keys.entries()) {
      const row = found.get(key);
      if (row === undefined) continue;
      values[2 * at] = row.a;
      values[2 * at + 1] = row.b;
    }
    return values;
  }

  async *#allCounts(table: CountName, from?: string): AsyncIterable<readonly Count[]> {
    const { server } = this.database;
    for (let last = from; ;) {
      const after = last === undefined ? sql`` : sql`and k > ${sql.raw(last)}`;
      const rows = await this.inTurn(
        sql<Count>`select ${server.asText('k')} as k, a, b ${table === 'tamis_tokens' ? sql`, day` : nothing} from ${sql.table(table)} as t
          where user_id = ${this.id} ${after} order by t.k limit ${sql.lit(chunk)}`,
      );
      const records = rows.filter(({ a, b }) => a !== 0 || b !== 0);
      if (records.length > 0) yield records;
      if (rows.length < chunk) return;
      last = rows.at(-1)?.k;
    }
  }

  /** Reads; `from`: whether a replica will do, which may lag. */
  protected async inTurn<Row>(
    query: RawBuilder<Row>,
    from: 'server' | 'replica' = 'server',
  ): Promise<readonly Row[]> {
    const ask = async (db: Kysely<Tables>): Promise<readonly Row[]> => (await query.execute(db)).rows;
    const rows = this.#reading.then(() =>
      from === 'replica' ? this.database.read(ask) : this.database.run(ask),
    );
    this.#reading = rows.catch(() => undefined);
    return await rows;
  }
}

/** The 64 bits of a token as a signed integer, which is what SQL servers have. */
function signed(token: bigint): string {
  return BigInt.asIntN(64, token).toString();
}

function valuesOf(rows: readonly Count[]): Int32Array {
  const values = new Int32Array(2 * rows.length);
  for (const [at, { a, b }] of rows.entries()) {
    values[2 * at] = a;
    values[2 * at + 1] = b;
  }
  return values;
}
