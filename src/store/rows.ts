/** Rows of features put together. */
import type { FeatureRows } from './contract.ts';

/** Rows one after another; keys may repeat. One alone is given as it is. */
export function joinedRows(rows: readonly FeatureRows[]): FeatureRows {
  const [first] = rows;
  if (first !== undefined && rows.length === 1) return first;
  const count = rows.reduce((sum, { keys }) => sum + keys.length, 0);
  const all = { keys: new Float64Array(count), values: new Int32Array(2 * count) };
  let at = 0;
  for (const { keys, values } of rows) {
    all.keys.set(keys, at);
    all.values.set(values, 2 * at);
    at += keys.length;
  }
  return all;
}
