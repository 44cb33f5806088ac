/**
 * The shared model: what a site has taught for everybody, under every user's own (DSPAM's merged groups).
 *
 * Records are sums, so the two models simply add up: what is read of a feature is the shared record and the user's own together, and
 * what a user teaches goes into their own. So a new user is protected from the first message, and their corrections are learned from
 * where the shared model stands, until they outweigh it.
 *
 * `tamis train --shared` keeps a store of its own below `HOME/shared/` and writes what it knows into one file that all processes
 * read without a lock, put in place whole by a rename. `HOME/shared/model`, integers of 32 bits, little-endian:
 *
 *     8 bytes   `tamisSM1`
 *     4 × 5     count of features; then {@link carried} of the totals
 *     4         unused
 *     8 × n     keys, ascending, as floating-point numbers
 *     8 × n     `a` and `b` of each
 *
 * Limit: the file is read whole, 16 bytes a feature, by each process (the daemon: once for each worker): 2 ms for 400,000.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemCode, TamisError } from '../errors.ts';
import type { FeatureRows, Totals } from '../store/contract.ts';
import type { Memory } from './userfilter.ts';

const magic = 'tamisSM1';
const headBytes = 32;
/** The totals that say how much the model knows. */
const carried = ['spamLearned', 'innocentLearned', 'spamTrained', 'innocentTrained'] as const;

/** What a site has taught for everybody. */
export interface SharedModel {
  /** `a` and `b` of each key, zeros where there is no record. */
  readFeatures(keys: Float64Array): Int32Array;
  readonly totals: Readonly<Record<(typeof carried)[number], number>>;
}

/** The one read last, by the identity of its file. */
let last: { readonly file: string; readonly model: SharedModel } | undefined;

/** Where a site's shared model has its own home. */
export function sharedHome(home: string): string {
  return join(home, 'shared');
}

/**
 * The shared model of a home; undefined if there is none.
 *
 * @throws TamisError STORE_CORRUPT for a file that is none, STORE_FAILED if it cannot be read.
 */
export function sharedModel(home: string): SharedModel | undefined {
  const path = join(sharedHome(home), 'model');
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    const file = `${path} ${status.ino} ${status.mtimeMs} ${status.size}`;
    if (last?.file !== file) last = { file, model: decode(readFileSync(path), path) };
    return last.model;
  } catch (cause) {
    if (cause instanceof TamisError) throw cause;
    if (systemCode(cause) === 'ENOTDIR') return undefined;
    throw new TamisError('STORE_FAILED', `The shared model ${path} cannot be read.`, { cause });
  }
}

/** Puts a shared model in place; on disk when it returns. */
export function writeSharedModel(home: string, { keys, values }: FeatureRows, totals: Totals): void {
  const folder = sharedHome(home);
  const path = join(folder, 'model');
  const order = Uint32Array.from(keys.keys()).sort((one, other) => (keys[one] ?? 0) - (keys[other] ?? 0));
  const head = Buffer.alloc(headBytes);
  head.write(magic, 'latin1');
  for (const [at, value] of [keys.length, ...carried.map((name) => totals[name])].entries())
    head.writeInt32LE(value, magic.length + 4 * at);
  const sortedKeys = Float64Array.from(order, (at) => keys[at] ?? 0);
  const sortedValues = new Int32Array(2 * keys.length);
  for (const [to, from] of order.entries()) sortedValues.set(values.subarray(2 * from, 2 * from + 2), 2 * to);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const temporary = `${path}.${process.pid}`;
    const fd = openSync(temporary, 'w', 0o600);
    try {
      for (const part of [head, sortedKeys, sortedValues]) writeWhole(fd, part);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (cause) {
    throw new TamisError('STORE_FAILED', `The shared model ${path} cannot be written.`, { cause });
  }
}

/** A user's memory over a shared model: reads both, writes the user's own. */
export function over(shared: SharedModel | undefined, own: Memory): Memory {
  if (shared === undefined) return own;
  return {
    readFeatures: async (keys) => {
      // A copy: what the user's own memory gives it may give again.
      const values = (await own.readFeatures(keys)).slice();
      const below = shared.readFeatures(keys);
      for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) + (below[i] ?? 0);
      return values;
    },
    totals: async () => {
      const totals = { ...(await own.totals()) };
      for (const name of carried) totals[name] += shared.totals[name];
      return totals;
    },
    note: (...question) => own.note(...question),
    apply: (...change) => own.apply(...change),
  };
}

function decode(bytes: Buffer, path: string): SharedModel {
  const count = bytes.length < headBytes ? -1 : bytes.readInt32LE(magic.length);
  if (bytes.toString('latin1', 0, magic.length) !== magic || bytes.length !== headBytes + 16 * count) {
    const sentence = `${path} is no shared model of this tamis; make it anew: tamis train --shared.`;
    throw new TamisError('STORE_CORRUPT', sentence);
  }
  // A buffer of its own, so that the numbers are aligned.
  const { buffer } = Uint8Array.from(bytes);
  const keys = new Float64Array(buffer, headBytes, count);
  const values = new Int32Array(buffer, headBytes + 8 * count, 2 * count);
  const totals = Object.fromEntries(
    carried.map((name, at) => [name, bytes.readInt32LE(magic.length + 4 * (at + 1))]),
  ) as SharedModel['totals'];
  return { totals, readFeatures: (asked) => look(keys, values, asked) };
}

function look(keys: Float64Array, values: Int32Array, asked: Float64Array): Int32Array {
  const found = new Int32Array(2 * asked.length);
  for (const [at, key] of asked.entries()) {
    let from = 0;
    for (let to = keys.length; from < to;) {
      const middle = (from + to) >>> 1;
      if ((keys[middle] ?? 0) < key) from = middle + 1;
      else to = middle;
    }
    if (keys[from] !== key) continue;
    found[2 * at] = values[2 * from] ?? 0;
    found[2 * at + 1] = values[2 * from + 1] ?? 0;
  }
  return found;
}

function writeWhole(fd: number, part: Buffer | Float64Array | Int32Array): void {
  const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}
