/** Changes that show whether they were applied whole: one process writes them, another looks for them. */
import type { Change, UserStore } from '../../../src/store/contract.ts';

const perChange = 50;

/** Adds 1 to feature 0 and to a total, and writes 50 features and a note of 4 KiB of its own. */
export function changeNumber(n: number): Change {
  const keys = Float64Array.from({ length: perChange + 1 }, (_, i) => (i === 0 ? 0 : n * 1000 + i));
  const values = new Int32Array(2 * keys.length).fill(1);
  const value = Uint8Array.from({ length: 4096 }, (_, i) => Math.imul(n, i));
  return {
    features: { keys, values },
    totals: { spamLearned: 1 },
    notes: [{ space: 'learned', key: Buffer.from(`change ${n}`), value }],
  };
}

/** How many changes a user holds. Throws if any is there in part, or one is missing before another. */
export async function countWhole(user: UserStore): Promise<number> {
  const { spamLearned: count } = await user.totals();
  const [shared] = await user.readFeatures(Float64Array.of(0));
  if (count > 0 && shared !== count) throw new Error(`${count} totals, but ${shared} features`);
  let features = 0;
  for await (const { keys } of user.features()) features += keys.length;
  if (count > 0 && features !== 1 + count * perChange)
    throw new Error(`${count} totals, but ${features} features`);
  for (let n = 1; n <= count + 1; n++) {
    const note = await user.note('learned', Buffer.from(`change ${n}`));
    if ((note !== undefined) !== n <= count) throw new Error(`${count} totals, but note ${n} says otherwise`);
  }
  return count;
}
