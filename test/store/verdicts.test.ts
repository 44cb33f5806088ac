import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { describeWith } from '../peers.ts';
import { allPrograms, startEverything, type Everything } from './everywhere.ts';
import { firstLessons, runHistory } from './history.ts';

/** test/bench/stores.ts runs 1,000. */
const count = 60;

describeWith(allPrograms, () => {
  let all: Everything;
  beforeAll(async () => {
    all = await startEverything();
  });
  afterAll(async () => {
    await all.stop();
  });

  test('every backend gives the same verdicts for the same history', async () => {
    const lessons = await firstLessons(count);
    const courses: Record<string, readonly number[]> = {};
    for (const [name, location] of Object.entries(all.locations)) {
      const store = await openStore(location, all.home);
      await store.init();
      courses[name] = (await runHistory(store, 'joe@example.org', lessons)).probabilities;
      await store.close();
    }
    const { level, ...others } = courses;
    expect(new Set(level).size).toBeGreaterThan(count / 2);
    for (const [name, probabilities] of Object.entries(others))
      expect([name, probabilities]).toEqual([name, level]);
  });
});
