/**
 * One user on DSPAM's own tables: tokens, totals of DSPAM's engine and signatures of DSPAM's kind are in them (dspam-tables.ts), all else of the
 * user in the tables of tamis beside them. Both change in one transaction.
 */
import type { Kysely } from 'kysely';
import type { CheckedChange } from '../change.ts';
import type { Counter, Sizes, TokenRows, Totals } from '../contract.ts';
import type { PurgeStep } from '../abstract-user-store.ts';
import type { Database } from './database.ts';
import * as dspam from './dspam-tables.ts';
import type { Tables } from './schema.ts';
import { SqlUserStore } from './sql-user-store.ts';

/** Tokens of one statement. */
const chunk = 4096;

/** A user of DSPAM. */
export class DspamUserStore extends SqlUserStore {
  readonly #tables: dspam.DspamTables;
  readonly #onClose: () => Promise<void>;

  /** @param id The user's number in the tables of tamis. @param onClose Lets go of what is the user's alone. */
  constructor(
    user: string,
    id: number,
    database: Database,
    tables: dspam.DspamTables,
    onClose: () => Promise<void> = () => Promise.resolve(),
  ) {
    super(user, id, database);
    this.#tables = tables;
    this.#onClose = onClose;
  }

  async dspamSignature(id: string): Promise<BigUint64Array | undefined> {
    const [row] = await this.inTurn(this.#tables.signature(id));
    return row === undefined ? undefined : dspam.keysOf(row.data);
  }

  protected override async _readTokens(keys: BigUint64Array): Promise<Int32Array> {
    const values = new Int32Array(2 * keys.length);
    const found = new Map<bigint | undefined, dspam.TokenRow>();
    for (let at = 0; at < keys.length; at += chunk) {
      const rows = await this.inTurn(this.#tables.read(new Set(keys.subarray(at, at + chunk))), 'replica');
      for (const row of rows) found.set(dspam.keyOf(row), row);
    }
    for (const [at, key] of keys.entries()) {
      const row = found.get(key);
      if (row === undefined) continue;
      values[2 * at] = dspam.hitsOf(row.spam);
      values[2 * at + 1] = dspam.hitsOf(row.innocent);
    }
    return values;
  }

  protected override async *_tokens(after: bigint | undefined): AsyncIterable<TokenRows> {
    for (let last = after; ;) {
      const rows = await this.inTurn(this.#tables.list(last, chunk));
      const tokens = rows
        .map((row) => ({
          key: dspam.keyOf(row),
          hits: [dspam.hitsOf(row.spam), dspam.hitsOf(row.innocent)],
          day: dspam.dayOf(row.day),
        }))
        .filter(({ key, hits }) => key !== undefined && hits.some((count) => count > 0));
      if (tokens.length > 0) {
        yield {
          keys: BigUint64Array.from(tokens, ({ key }) => key ?? 0n),
          values: Int32Array.from(tokens.flatMap(({ hits }) => hits)),
          days: Uint16Array.from(tokens, ({ day }) => day),
        };
      }
      const end = rows.at(-1);
      if (rows.length < chunk || end === undefined) return;
      last = BigInt.asUintN(64, BigInt(end.token));
    }
  }

  protected override async _totals(): Promise<Totals> {
    const [totals, [row]] = await Promise.all([
      super._totals(),
      this.inTurn(this.#tables.totals(), 'replica'),
    ]);
    for (const [counter, column] of Object.entries(dspam.totalColumns)) {
      totals[counter as Counter] = dspam.hitsOf(row?.[column] ?? 0);
    }
    return totals;
  }

  protected override async write(change: CheckedChange, db: Kysely<Tables>): Promise<void> {
    const { tokens, totals, signature } = change;
    const run = dspam.runner((query, connection) => this.database.within(query, connection), db);
    await this.#tables.add(tokens, run);
    await this.#tables.addTotals(totals, run);
    if (signature !== undefined) await this.#tables.sign(signature, run);
    const ours = [...totals].filter(([counter]) => dspam.totalColumns[counter] === undefined);
    await super.write({ ...change, tokens: new Map(), totals: new Map(ours) }, db);
  }

  /** DSPAM's own signatures are left to DSPAM's own purge. */
  protected override async _purge(now: number): Promise<PurgeStep> {
    const step = await super._purge(now);
    if (step.next === undefined) await this.inTurn(this.#tables.sweep());
    return step;
  }

  protected override async _sizes(): Promise<Sizes> {
    let tokens = 0;
    for await (const { keys } of this._tokens(undefined)) tokens += keys.length;
    return { ...(await super._sizes()), tokenBytes: tokens * this.database.server.rowBytes };
  }

  protected override async _close(): Promise<void> {
    await super._close();
    await this.#onClose();
  }
}
