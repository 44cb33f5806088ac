/**
 * DSPAM's own tables of one user, where they stand, so that DSPAM and tamis serve side by side during a move:
 *
 *     dspam_token_data       uid, token, spam_hits, innocent_hits, last_hit (a date)
 *     dspam_stats            uid, and the eight totals
 *     dspam_signature_data   uid, signature, data, length, created_on; data: 16 bytes a token, of which 8 are the key and 1 how often it occurs
 *
 * A token is a bigint, unsigned (MySQL) or signed (PostgreSQL), a number of 20 digits (old PostgreSQL) or text (SQLite, old MySQL). SQLite has
 * a file for each user, without `uid` and `length`.
 *
 * Hits and totals change by what is added, as DSPAM itself does it, never below 0: first come rows of zeros for tokens that are new, then one
 * update for all tokens with the same deltas. So nothing that DSPAM writes at the same time is lost.
 */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import { TamisError } from '../../errors.ts';
import type { Hits } from '../change.ts';
import type { Counter, TokenSignature } from '../contract.ts';
import type { Tables } from './schema.ts';
import { most, type SqlServer } from './server.ts';

/** How a table writes a token. */
export type TokenForm = 'signed' | 'unsigned' | 'text';

/** A token with its hits, as the server tells it. */
export interface TokenRow {
  readonly token: string;
  readonly spam: number | string | null;
  readonly innocent: number | string | null;
  readonly day: string | null;
}

/** Columns of dspam_stats by our counters. */
export const totalColumns: Readonly<Partial<Record<Counter, string>>> = {
  dspamSpamLearned: 'spam_learned',
  dspamInnocentLearned: 'innocent_learned',
  dspamSpamMisclassified: 'spam_misclassified',
  dspamInnocentMisclassified: 'innocent_misclassified',
  dspamSpamCorpusfed: 'spam_corpusfed',
  dspamInnocentCorpusfed: 'innocent_corpusfed',
  dspamSpamClassified: 'spam_classified',
  dspamInnocentClassified: 'innocent_classified',
};

/** A pseudo token that DSPAM's drivers keep among the others. */
const controlToken = 11_624_422_384_514_212_933n;
/** Bytes of a token in a signature, and where in them it says how often it occurs. */
const signed = { bytes: 16, frequency: 8 } as const;

/** How the table of a server writes tokens. @throws TamisError STORE_VERSION if there is none. */
export function formOf(type: string | undefined, label: string): TokenForm {
  if (type === undefined)
    throw new TamisError('STORE_VERSION', `The store ${label} has no table dspam_token_data of DSPAM.`);
  if (/char|text/u.test(type)) return 'text';
  return /unsigned|numeric|decimal/u.test(type) ? 'unsigned' : 'signed';
}

/** The tables of one user: statements, to be run by who has a connection. */
export class DspamTables {
  readonly #server: SqlServer;
  readonly #form: TokenForm;
  /** The columns that say whose a row is, and their values: none in a file of SQLite. */
  readonly #owner: readonly (readonly [string, RawBuilder<unknown>])[];
  readonly #mine: RawBuilder<boolean>;

  /** @param uid The user's number; undefined where a file is of one user. */
  constructor(server: SqlServer, form: TokenForm, uid: number | undefined) {
    this.#server = server;
    this.#form = form;
    this.#owner = uid === undefined ? [] : [['uid', sql.lit(uid)]];
    this.#mine = uid === undefined ? sql`1 = 1` : sql`uid = ${sql.lit(uid)}`;
  }

  /** Reads some tokens. */
  read(keys: Iterable<bigint>): RawBuilder<TokenRow> {
    return sql`select ${this.#columns()} from dspam_token_data where ${this.#mine} and token in (${this.#list(keys)})`;
  }

  /** Reads tokens in their order. */
  list(after: bigint | undefined, limit: number): RawBuilder<TokenRow> {
    const behind = after === undefined ? sql`1 = 1` : sql`token > ${sql.raw(this.#literal(after))}`;
    return sql`select ${this.#columns()} from dspam_token_data
      where ${this.#mine} and ${behind} order by dspam_token_data.token limit ${sql.lit(limit)}`;
  }

  /** Adds hits. */
  async add(tokens: ReadonlyMap<bigint, Hits>, run: Run): Promise<void> {
    const fresh = [...tokens].filter(([, [spam, innocent]]) => spam > 0 || innocent > 0);
    if (fresh.length > 0) {
      const rows = fresh.map(
        ([key, [, , day]]) =>
          sql`(${sql.join([...this.#values(), sql.raw(this.#literal(key)), sql.lit(0), sql.lit(0), sql.lit(dateOf(day))])})`,
      );
      await run(
        this.#insertNew('dspam_token_data', ['token', 'spam_hits', 'innocent_hits', 'last_hit'], rows),
      );
    }
    const alike = new Map<string, { hits: Hits; keys: bigint[] }>();
    for (const [key, hits] of tokens) {
      const group = alike.get(hits.join()) ?? { hits, keys: [] };
      group.keys.push(key);
      alike.set(hits.join(), group);
    }
    for (const {
      hits: [spam, innocent, day],
      keys,
    } of alike.values()) {
      const date = sql.lit(dateOf(day));
      await run(
        sql`update dspam_token_data set ${sum('spam_hits', spam)}, ${sum('innocent_hits', innocent)},
          last_hit = case when last_hit >= ${date} then last_hit else ${date} end
          where ${this.#mine} and token in (${this.#list(keys)})`,
      );
    }
  }

  /** Reads the totals, by the names of their columns. */
  totals(): RawBuilder<Record<string, number | string | null>> {
    return sql`select ${sql.join(Object.values(totalColumns).map((column) => sql.ref(column)))} from dspam_stats where ${this.#mine}`;
  }

  /** Adds to the totals. */
  async addTotals(deltas: ReadonlyMap<Counter, number>, run: Run): Promise<void> {
    const sums = [...deltas].flatMap(([counter, delta]) => {
      const column = totalColumns[counter];
      return column === undefined ? [] : [sum(column, delta)];
    });
    if (sums.length === 0) return;
    const columns = Object.values(totalColumns);
    // The files of SQLite number their only row instead.
    const owner = this.#owner.length === 0 ? [sql.lit(0)] : this.#values();
    const row = sql`(${sql.join([...owner, ...columns.map(() => sql.lit(0))])})`;
    const names = this.#owner.length === 0 ? ['dspam_stat_id', ...columns] : columns;
    await run(this.#insertNew('dspam_stats', names, [row]));
    await run(sql`update dspam_stats set ${sql.join(sums)} where ${this.#mine}`);
  }

  /** Reads the data of a signature. */
  signature(id: string): RawBuilder<{ readonly data: Uint8Array }> {
    return sql`select data from dspam_signature_data where ${this.#mine} and signature = ${id}`;
  }

  /** Keeps a signature. */
  async sign({ id, keys, frequencies }: TokenSignature, run: Run): Promise<void> {
    const data = Buffer.alloc(signed.bytes * keys.length);
    for (const [at, key] of keys.entries()) {
      data.writeBigUInt64LE(key, at * signed.bytes);
      data[at * signed.bytes + signed.frequency] = frequencies[at] ?? 1;
    }
    const length = this.#owner.length === 0 ? [] : [['length', sql.lit(data.length)] as const];
    const fields = [
      ['signature', sql`${id}`] as const,
      ['data', sql`${data}`] as const,
      ...length,
      ['created_on', sql.lit(dateOf(Math.floor(Date.now() / 86_400_000)))] as const,
    ];
    const row = sql`(${sql.join([...this.#values(), ...fields.map(([, value]) => value)])})`;
    await run(
      this.#insertNew(
        'dspam_signature_data',
        fields.map(([name]) => name),
        [row],
      ),
    );
  }

  /** Removes tokens without hits. */
  sweep(): RawBuilder<unknown> {
    return sql`delete from dspam_token_data where ${this.#mine} and spam_hits = 0 and innocent_hits = 0`;
  }

  /** Removes everything of the user. */
  removal(): readonly RawBuilder<unknown>[] {
    return ['dspam_token_data', 'dspam_stats', 'dspam_signature_data'].map(
      (table) => sql`delete from ${sql.table(table)} where ${this.#mine}`,
    );
  }

  #columns(): RawBuilder<unknown> {
    const server = this.#server;
    return sql`${server.asText('token')} as token, spam_hits as spam, innocent_hits as innocent, ${server.asText('last_hit')} as day`;
  }

  #insertNew(
    table: string,
    columns: readonly string[],
    rows: readonly RawBuilder<unknown>[],
  ): RawBuilder<unknown> {
    const { begin, end } = this.#server.insertNew;
    const names = [...this.#owner.map(([name]) => name), ...columns].map((name) => sql.ref(name));
    return sql`${begin} into ${sql.table(table)} (${sql.join(names)}) values ${sql.join(rows)} ${end}`;
  }

  #values(): RawBuilder<unknown>[] {
    return this.#owner.map(([, value]) => value);
  }

  #list(keys: Iterable<bigint>): RawBuilder<unknown> {
    return sql.raw(Array.from(keys, (key) => this.#literal(key)).join() || 'null');
  }

  #literal(key: bigint): string {
    const digits = (this.#form === 'signed' ? BigInt.asIntN(64, key) : key).toString();
    return this.#form === 'text' ? `'${digits}'` : digits;
  }
}

/** Runs a statement of a transaction. */
export type Run = (statement: RawBuilder<unknown>) => Promise<unknown>;

/** How statements are run in a transaction of ours. */
export function runner(
  within: <Row>(query: RawBuilder<Row>, db: Kysely<Tables>) => Promise<readonly Row[]>,
  db: Kysely<Tables>,
): Run {
  return (statement) => within(statement, db);
}

/** The key of a token as any table writes it; undefined for the pseudo token. */
export function keyOf({ token }: TokenRow): bigint | undefined {
  const key = BigInt.asUintN(64, BigInt(token.trim()));
  return key === controlToken ? undefined : key;
}

/** Hits as a table tells them: 0 for none, and no more than ours can be. */
export function hitsOf(value: number | string | null): number {
  return Math.max(0, Math.min(most, Number(value ?? 0)));
}

/** The day of a date such as 2026-11-22, since 1970; 0 for none. */
export function dayOf(date: string | null): number {
  const day = Date.parse((date ?? '').slice(0, 10)) / 86_400_000;
  return Number.isInteger(day) && day > 0 ? Math.min(day, 65_535) : 0;
}

/** The tokens of a signature of DSPAM's. */
export function keysOf(data: Uint8Array): BigUint64Array {
  const bytes = Buffer.from(data);
  const count = Math.floor(bytes.length / signed.bytes);
  const keys = Array.from({ length: count }, (_, at) => bytes.readBigUInt64LE(at * signed.bytes));
  return BigUint64Array.from(keys.filter((key) => key !== controlToken));
}

function dateOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

/** A column that takes a delta and stays between 0 and what ours can be; the comparisons keep unsigned columns from underflowing. */
function sum(column: string, delta: number): RawBuilder<unknown> {
  const is = sql.ref(column);
  if (delta < 0)
    return sql`${is} = case when ${is} > ${sql.lit(-delta)} then ${is} - ${sql.lit(-delta)} else 0 end`;
  return sql`${is} = case when ${is} < ${sql.lit(most - delta)} then ${is} + ${sql.lit(delta)} else ${sql.lit(most)} end`;
}
