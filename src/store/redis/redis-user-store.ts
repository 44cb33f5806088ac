/**
 * One user's data in Redis (keys.ts).
 *
 * A message's features are read by one HMGET; a change is one script, which the server runs alone and whole, adding to what is there
 * whoever else learns. The script notes the change's operation, so that one that is sent again after a lost connection counts once.
 */
import { randomBytes } from 'node:crypto';
import { TamisError } from '../../errors.ts';
import { AbstractUserStore, changed, type PurgeStep } from '../abstract-user-store.ts';
import { noteId, type CheckedChange } from '../change.ts';
import {
  counters,
  type FeatureRows,
  type Note,
  type NoteSpace,
  type Sizes,
  type TokenRows,
  type Totals,
} from '../contract.ts';
import { FeatureTable } from '../memory/table.ts';
import { scriptOf, type Connection } from './connection.ts';
import * as form from './keys.ts';
import { applyScript, nobody, otherwise, purgeScript } from './scripts.ts';

/** Fields of a step of a scan. */
const step = 4096;
/** Notes that a step of a purge removes, and that a step of a scan looks at. */
const noteStep = 500;
/** Entries of a hash of which Redis measures the size. */
const samples = 100;

const change = scriptOf(applyScript);
const purge = scriptOf(purgeScript);

/** A user of the redis backend. */
export class RedisUserStore extends AbstractUserStore {
  readonly #keys: form.UserKeys;
  readonly #connection: Connection;
  /** Notes that were brought along when the user was opened, until they are asked for or anything changes; null: there is none. */
  readonly #ahead = new Map<string, Buffer | null>();

  constructor(user: string, keys: form.UserKeys, connection: Connection) {
    super(user);
    this.#keys = keys;
    this.#connection = connection;
  }

  /** Reads notes that will be asked for first. What fails here is read again then. */
  async bring(notes: readonly Pick<Note, 'space' | 'key'>[]): Promise<void> {
    const asked = notes.map(async ({ space, key }) => {
      this.#ahead.set(noteId(space, key), await this.#noteBytes(form.noteField(space, key)));
    });
    await Promise.all(asked).catch(() => undefined);
  }

  protected async _readFeatures(keys: Float64Array): Promise<Int32Array> {
    return await this.#readPairs(this.#keys.features, Array.from(keys, form.featureField));
  }

  /** A scan may tell a field twice, when the hash grows or shrinks meanwhile. */
  protected async *_features(): AsyncIterable<FeatureRows> {
    const told = new FeatureTable();
    const slot = new Int32Array(2);
    for await (const entries of this.#scan(this.#keys.features, step)) {
      const fresh = entries.filter(([field]) => {
        const key = form.featureOf(field);
        if (told.read(key, slot, 0)) return false;
        told.add(key, 1, 0);
        return true;
      });
      yield { keys: Float64Array.from(fresh, ([field]) => form.featureOf(field)), values: valuesOf(fresh) };
    }
  }

  protected async _readTokens(keys: BigUint64Array): Promise<Int32Array> {
    return await this.#readPairs(this.#keys.tokens, Array.from(keys, form.tokenField));
  }

  /** A scan has no order of its own and may tell a field twice, so all are read and put in order. */
  protected async *_tokens(after = -1n): AsyncIterable<TokenRows> {
    const told = new Map<bigint, readonly [Buffer, Buffer]>();
    for await (const entries of this.#scan(this.#keys.tokens, step)) {
      for (const entry of entries) {
        const key = entry[0].readBigUInt64BE();
        if (key > after) told.set(key, entry);
      }
    }
    const keys = BigUint64Array.from(told.keys()).sort();
    for (let at = 0; at < keys.length; at += step) {
      const part = keys.subarray(at, at + step);
      const entries = Array.from(part, (key) => told.get(key)).filter((entry) => entry !== undefined);
      yield {
        keys: part,
        values: valuesOf(entries),
        days: Uint16Array.from(entries, ([, bytes]) => form.dayOf(bytes)),
      };
    }
  }

  protected async _totals(): Promise<Totals> {
    const found = await this.#connection.read((client) => client.hmget(this.#keys.totals, ...counters));
    return Object.fromEntries(counters.map((counter, at) => [counter, Number(found[at] ?? 0)])) as Totals;
  }

  protected async _note(space: NoteSpace, key: Uint8Array, now: number): Promise<Uint8Array | undefined> {
    const field = form.noteField(space, key);
    const ahead = this.#ahead.get(noteId(space, key));
    this.#ahead.delete(noteId(space, key));
    const bytes = ahead === undefined ? await this.#noteBytes(field) : ahead;
    if (bytes === null) return undefined;
    const { value, expires } = form.noteOf(field, bytes);
    return expires == null || expires > now ? value : undefined;
  }

  protected async *_notes(): AsyncIterable<readonly Note[]> {
    const told = new Set<string>();
    for await (const entries of this.#scan(this.#keys.notes, noteStep)) {
      const fresh = entries.filter(([field]) => {
        const { size } = told;
        return told.add(field.toString('latin1')).size > size;
      });
      yield fresh.map(([field, bytes]) => form.noteOf(field, bytes));
    }
  }

  /** Redis writes its disk as it is set up to (appendfsync); a durable change waits for replicas, if the setting says so. */
  protected async _apply(
    { expects, features, tokens, totals, notes }: CheckedChange,
    durable: boolean,
  ): Promise<void> {
    this.#ahead.clear();
    const { keys, values } = features;
    const learned = Array.from(keys, (key, at) =>
      packed(form.featureField(key), values[2 * at] ?? 0, values[2 * at + 1] ?? 0),
    );
    const hits = Array.from(tokens, ([key, [a, b, day]]) => [
      packed(form.tokenField(key), a, b),
      dayBytes(day),
    ]).flat();
    const written = notes.flatMap(({ space, key, value, expires }) => [
      form.noteField(space, key),
      value === undefined ? '' : form.noteValue(value, expires),
      expires === undefined ? '' : String(expires),
    ]);
    const operation = `${this.#keys.totals.slice(0, -1)}o:${randomBytes(12).toString('hex')}`;
    const call = {
      script: change,
      keys: [...form.inOrder(this.#keys), operation],
      args: [
        Buffer.concat(learned),
        Buffer.concat(hits),
        String(expects.length),
        ...expects.flatMap(({ space, key, value }) => [
          form.noteField(space, key),
          value === undefined ? '' : Buffer.concat([Buffer.from('='), value]),
        ]),
        String(totals.size),
        ...Array.from(totals, ([counter, delta]) => [counter, String(delta)]).flat(),
        ...written,
      ],
    };
    const done = durable
      ? await this.#connection.scriptOnReplicas(call, operation)
      : await this.#connection.script(call);
    if (done === otherwise) throw changed(this.user);
    if (done === nobody)
      throw new TamisError(
        'STORE_FAILED',
        `The user ${this.user} was removed meanwhile; nothing was written.`,
      );
  }

  /** The script looks. */
  protected override _holds(): Promise<boolean> {
    return Promise.resolve(true);
  }

  protected async _purge(now: number): Promise<PurgeStep> {
    const removed = Number(
      await this.#connection.script({
        script: purge,
        keys: form.inOrder(this.#keys),
        args: [String(Math.floor(now)), String(noteStep)],
      }),
    );
    return { removed, next: removed < noteStep ? undefined : new Uint8Array() };
  }

  /** Features and tokens as Redis measures their hashes; notes as the bytes of their fields and values. */
  protected async _sizes(): Promise<Sizes> {
    const { totals, features, tokens } = this.#keys;
    return await this.#connection.run(async (client) => {
      const [featureBytes, tokenBytes, noteBytes] = await Promise.all([
        client.memory('USAGE', features, 'SAMPLES', samples),
        client.memory('USAGE', tokens, 'SAMPLES', samples),
        client.hget(totals, 'bytes'),
      ]);
      return {
        featureBytes: featureBytes ?? 0,
        tokenBytes: tokenBytes ?? 0,
        noteBytes: Number(noteBytes ?? 0),
      };
    });
  }

  protected _close(): Promise<void> {
    return Promise.resolve();
  }

  protected _explain(error: unknown): TamisError {
    return this.#connection.explain(error);
  }

  async #noteBytes(field: Buffer): Promise<Buffer | null> {
    return await this.#connection.run((client) => client.hgetBuffer(this.#keys.notes, field));
  }

  async #readPairs(hash: string, fields: Buffer[]): Promise<Int32Array> {
    const values = new Int32Array(2 * fields.length);
    if (fields.length === 0) return values;
    const found = await this.#connection.read((client) => client.hmgetBuffer(hash, ...fields));
    for (const [at, bytes] of found.entries()) {
      if (bytes !== null) form.readPair(bytes, values, 2 * at);
    }
    return values;
  }

  async *#scan(hash: string, count: number): AsyncIterable<[Buffer, Buffer][]> {
    let cursor = '0';
    do {
      const [next, flat] = await this.#connection.run((client) =>
        client.hscanBuffer(hash, cursor, 'COUNT', count),
      );
      const entries: [Buffer, Buffer][] = [];
      for (let at = 0; at + 1 < flat.length; at += 2) {
        const [field, value] = flat.slice(at, at + 2);
        if (field !== undefined && value !== undefined) entries.push([field, value]);
      }
      if (entries.length > 0) yield entries;
      cursor = next.toString();
    } while (cursor !== '0');
  }
}

/** A field and two integers of 32 bits, as the scripts take them. */
function packed(field: Buffer, a: number, b: number): Buffer {
  const bytes = Buffer.allocUnsafe(field.length + 8);
  field.copy(bytes);
  bytes.writeInt32LE(a, field.length);
  bytes.writeInt32LE(b, field.length + 4);
  return bytes;
}

function dayBytes(day: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16LE(day);
  return bytes;
}

function valuesOf(entries: readonly (readonly [Buffer, Buffer])[]): Int32Array {
  const values = new Int32Array(2 * entries.length);
  for (const [at, [, bytes]] of entries.entries()) form.readPair(bytes, values, 2 * at);
  return values;
}
