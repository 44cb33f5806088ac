import { expect, test, vi } from 'vitest';
import { featuresOf } from '../../src/features/features.ts';
import { askedAhead } from '../../src/judge/ahead.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { sample } from '../features/sample.ts';

const features = featuresOf(sample({ From: 'joe@example.org' }, 'Buy the thing today.'));
const fingerprint = Uint8Array.of(...Array<number>(16).fill(7));
const message = { features, fingerprint };
const { keys } = features;

test('answers hold until something is applied', async () => {
  const user = await new MemoryStore().open('joe', { create: true });
  if (user === undefined) throw new Error('joe was not created');
  const reads = vi.spyOn(user, 'readFeatures');
  const ahead = askedAhead(user, message);
  await user.apply({
    totals: { spamLearned: 1 },
    features: { keys, values: new Int32Array(2 * keys.length).fill(3) },
  });
  for (let times = 0; times < 2; times++)
    expect(await ahead.readFeatures(keys)).toEqual(new Int32Array(2 * keys.length));
  expect(await ahead.totals()).toMatchObject({ spamLearned: 0 });
  expect(reads).toHaveBeenCalledTimes(1);
  expect([...(await ahead.readFeatures(keys.subarray(0, 1)))]).toEqual([3, 3]);
  await ahead.apply({ notes: [{ space: 'learned', key: fingerprint, value: Uint8Array.of(1) }] });
  expect(await ahead.totals()).toMatchObject({ spamLearned: 1 });
  expect(await ahead.note('learned', fingerprint)).toEqual(Uint8Array.of(1));
  expect([...(await ahead.readFeatures(keys))].every((value) => value === 3)).toBe(true);
});

test('an answer that fails is told to who asks for it, and ends no process where nobody does', async () => {
  const user = await new MemoryStore().open('joe', { create: true });
  if (user === undefined) throw new Error('joe was not created');
  await user.close();
  const ahead = askedAhead(user, message);
  await expect(ahead.totals()).rejects.toMatchObject({ code: 'STORE_FAILED' });
});
