/**
 * Copies a user from one store to another, whatever their backends.
 *
 * What the target lacks is worked out and added, so that a copy that was broken off goes on when it is repeated, a second pass
 * takes what has changed meanwhile, and a third finds nothing. The source is held only while it is read into memory
 * (some 30 bytes a feature), so that mail goes on. Afterwards the target is read again and compared.
 *
 * Limit: a target in which somebody learns during the copy may come out different, and the comparison says so.
 */
import { TamisError } from '../errors.ts';
import { addHits, noteId, type Hits } from './change.ts';
import { counters, type Change, type Note, type Store, type Totals, type UserStore } from './contract.ts';
import { FeatureTable } from './memory/table.ts';

/** What was written: 0 all over if the target had everything. */
export interface Copied {
  features: number;
  tokens: number;
  notes: number;
}

/** Features, tokens and notes of one change. */
const step = 4096;
const noteStep = 128;

/** All that is kept of a user. */
interface Everything {
  readonly features: FeatureTable;
  readonly tokens: ReadonlyMap<bigint, Hits>;
  readonly totals: Totals;
  readonly notes: ReadonlyMap<string, Note>;
}

/**
 * Makes a user of the target equal to that of the source.
 *
 * @param wait Milliseconds to wait for a user whom another process holds.
 * @throws TamisError STORE_FAILED if the target differs from what was read, once all is written.
 */
export async function copyUser(from: Store, to: Store, name: string, wait: number): Promise<Copied> {
  const wanted = await withUser(from, name, { create: false, wait }, readAll);
  const copied: Copied = { features: 0, tokens: 0, notes: 0 };
  if (wanted === undefined) return copied;
  await withUser(to, name, { create: true, wait }, async (target) => {
    for (const change of difference(wanted, await readAll(target))) {
      await target.apply(change, { durable: true });
      copied.features += change.features?.keys.length ?? 0;
      copied.tokens += change.tokens?.keys.length ?? 0;
      copied.notes += change.notes?.length ?? 0;
    }
    const [rest] = difference(wanted, await readAll(target));
    if (rest === undefined) return;
    throw new TamisError(
      'STORE_FAILED',
      `The copy of ${name} differs from what was copied; copy again when nobody learns there.`,
    );
  });
  return copied;
}

async function withUser<Result>(
  store: Store,
  name: string,
  options: { create: boolean; wait: number },
  work: (user: UserStore) => Promise<Result>,
): Promise<Result | undefined> {
  const user = await store.open(name, options);
  if (user === undefined) return undefined;
  try {
    return await work(user);
  } finally {
    await user.close();
  }
}

async function readAll(user: UserStore): Promise<Everything> {
  const features = new FeatureTable();
  const tokens = new Map<bigint, Hits>();
  const notes = new Map<string, Note>();
  const totals = await user.totals();
  for await (const rows of user.features()) features.addRows(rows);
  for await (const { keys, values, days } of user.tokens()) {
    for (const [at, key] of keys.entries()) {
      tokens.set(key, [values[2 * at] ?? 0, values[2 * at + 1] ?? 0, days?.[at] ?? 0]);
    }
  }
  for await (const chunk of user.notes()) {
    for (const note of chunk) notes.set(noteId(note.space, note.key), note);
  }
  return { features, tokens, totals, notes };
}

/** Changes that make what is there what is wanted, in steps; the totals last. */
function* difference(wanted: Everything, there: Everything): Generator<Change> {
  const features = new FeatureTable(wanted.features.size);
  features.addRows(wanted.features.rows());
  const { keys, values } = there.features.rows();
  for (const [at, key] of keys.entries())
    features.add(key, -(values[2 * at] ?? 0), -(values[2 * at + 1] ?? 0));
  const rows = features.rows();
  for (let at = 0; at < rows.keys.length; at += step) {
    yield {
      features: { keys: rows.keys.slice(at, at + step), values: rows.values.slice(2 * at, 2 * (at + step)) },
    };
  }

  const tokens = new Map<bigint, Hits>();
  for (const key of new Set([...wanted.tokens.keys(), ...there.tokens.keys()])) {
    const [spam, innocent] = there.tokens.get(key) ?? [0, 0];
    const delta = addHits(wanted.tokens.get(key), [-spam, -innocent, 0]);
    if (delta !== undefined) tokens.set(key, delta);
  }
  for (const part of parts([...tokens], step)) {
    const tokenKeys = BigUint64Array.from(part, ([key]) => key);
    const hits = Int32Array.from(part.flatMap(([, [spam, innocent]]) => [spam, innocent]));
    yield { tokens: { keys: tokenKeys, values: hits, days: Uint16Array.from(part, ([, [, , day]]) => day) } };
  }

  const surplus = [...there.notes].filter(([id]) => !wanted.notes.has(id));
  const missing = [...wanted.notes].filter(([id, note]) => !isSame(note, there.notes.get(id)));
  const notes = [
    ...surplus.map(([, note]) => ({ ...note, value: undefined })),
    ...missing.map(([, note]) => note),
  ];
  for (const part of parts(notes, noteStep)) yield { notes: part };

  const deltas = counters.map(
    (counter) => [counter, wanted.totals[counter] - there.totals[counter]] as const,
  );
  const changed = deltas.filter(([, delta]) => delta !== 0);
  if (changed.length > 0) yield { totals: Object.fromEntries(changed) };
}

function* parts<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

function isSame(one: Note, other: Note | undefined): boolean {
  return (
    one.expires === other?.expires &&
    one.value !== undefined &&
    other?.value !== undefined &&
    Buffer.compare(one.value, other.value) === 0
  );
}
