/**
 * What the three SQL servers do differently, in one row of words and statements each (sqlite.ts, postgres.ts, mysql.ts).
 * Everything else of the backend is one text for all.
 */
import type { Dialect, RawBuilder } from 'kysely';
import type { CountName, Words } from './schema.ts';

/** Rows to add to a table of two integers a key; keys are 64-bit integers in decimal, in ascending order. */
export interface CountRows {
  readonly keys: readonly string[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** The day of each, of which the later one is kept; undefined for tables without days. */
  readonly days?: readonly number[] | undefined;
}

/** A SQL server. */
export interface SqlServer {
  /** What errors call it: the setting without its password. */
  readonly label: string;
  readonly words: Words;
  /** Makes what a connection needs before there are tables. */
  prepare?(): void;
  /** Makes a driver with connections of its own; none is opened before the first query. */
  connect(): Dialect;
  /** Makes a driver that reads messages from elsewhere; undefined: from the same server. */
  readonly connectReader?: (() => Dialect) | undefined;
  /** Begins a transaction; `durable`: its commit is on disk when it resolves. One round trip. */
  begin(durable: boolean): readonly string[];
  /** Ends a query that reads a row which it is about to rely on: nobody else changes the row until the transaction ends. */
  readonly lock: RawBuilder<unknown>;
  /** Whether the column `k` is one of the keys. */
  isOneOf(keys: readonly string[]): RawBuilder<boolean>;
  /** One statement that adds rows to those that are there, saturating at 32 bits. */
  add(table: CountName, user: number, rows: CountRows): RawBuilder<unknown>;
  /** A column as text: integers exact to 64 bits, days as 2026-11-22. */
  asText(column: string): RawBuilder<string>;
  /** Begins and ends a statement that inserts rows and leaves those that are there already. */
  readonly insertNew: { readonly begin: RawBuilder<unknown>; readonly end: RawBuilder<unknown> };
  /** Asks for the type of a column, in lower case, as `type`; no row if there is no such table. */
  columnType(table: string, column: string): RawBuilder<{ readonly type: string }>;
  /** Bytes that a row of two integers takes, its key and indexes included: an estimate from the server's row format. */
  readonly rowBytes: number;
  /** What an administrator should know of DSPAM's tables on it. */
  engines?(run: <Row>(query: RawBuilder<Row>) => Promise<readonly Row[]>): Promise<readonly string[]>;
  /** What an administrator should know about the server: sentences, empty if all is well. */
  inspect(run: <Row>(query: RawBuilder<Row>) => Promise<readonly Row[]>): Promise<readonly string[]>;
}

/** Milliseconds for a connection to be made, and for a statement to end, so that mail passes within its deadline (5 s). */
export const connectPatience = 3000;
export const statementPatience = 4000;

/** The range of the integers. */
export const least = -2147483648;
export const most = 2147483647;
