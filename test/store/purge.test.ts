/** `tamis purge` on stores that hosts share: tokens know when they were last hit, and those of an older format do not go. */
import SQLite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenRows } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { Place } from '../cli/tamis.ts';
import { describeWith } from '../peers.ts';
import { openUser } from './conformance.ts';
import { kinds } from './kinds.ts';
import type { Running } from './servers.ts';

const today = Math.floor(Date.now() / 86_400_000);

/** Tokens with their hits and their age in days. */
function tokens(...list: readonly (readonly [bigint, number, number, number])[]): { tokens: TokenRows } {
  return {
    tokens: {
      keys: BigUint64Array.from(list, ([key]) => key),
      values: Int32Array.from(list.flatMap(([, spam, innocent]) => [spam, innocent])),
      days: Uint16Array.from(list, ([, , , age]) => today - age),
    },
  };
}

async function purged(location: string, place: Place): Promise<Map<bigint, number>> {
  const store = await openStore(location, place.home);
  await store.init();
  const user = await openUser(store);
  await user.apply(
    tokens([1n, 1, 0, 40], [2n, 1, 0, 3], [3n, 900, 0, 40], [2n ** 64n - 1n, 0, 1, 40], [5n, 40_000, 1, 200]),
  );
  await user.apply(tokens([3n, 1, 0, 1]));
  const { status, stderr } = place.run(['purge', '--user=joe@example.org', `--set=store=${location}`]);
  expect([status, stderr]).toEqual([0, '']);
  const left = new Map<bigint, number>();
  for await (const { keys, days } of user.tokens()) {
    for (const [at, key] of keys.entries()) left.set(key, today - (days?.[at] ?? 0));
  }
  await store.close();
  return left;
}

const stays = new Map([
  [2n, 3],
  [3n, 1],
]);

describe.each(kinds)('old tokens on a server of $name', (kind) => {
  describeWith(kind.programs, (...programs) => {
    let server: Running;
    const place = new Place();
    beforeAll(async () => {
      server = await kind.start(programs);
    }, 60_000);
    afterAll(async () => {
      place.remove();
      await server.stop();
    });

    test('go, and no others', async () => {
      expect(await purged(server.location, place)).toEqual(stays);
    });
  });
});

describe('SQLite', () => {
  const place = new Place();
  afterAll(() => {
    place.remove();
  });
  const location = `sqlite:${place.path('tamis.db')}`;

  test('loses old tokens, and no others', async () => {
    expect(await purged(location, place)).toEqual(stays);
  });

  test('of format 1 is refused until it is brought to format 2, and its tokens stay, of no known day', async () => {
    const file = new SQLite(place.path('tamis.db'));
    file.exec(`alter table tamis_tokens drop column day; delete from tamis_migrations where name = '2'`);
    file.close();
    const check = place.run(['store', 'check', `--set=store=${location}`]);
    expect(check.status).toBe(75);
    expect(check.stderr).toContain('tamis store init');
    expect(place.run(['store', 'init', `--set=store=${location}`]).status).toBe(0);
    const again = place.run(['purge', '--user=joe@example.org', `--set=store=${location}`]);
    expect(again.status).toBe(0);
    const store = await openStore(location, place.home);
    const user = await openUser(store);
    for await (const { keys, days } of user.tokens()) {
      expect([...keys]).toEqual([2n, 3n]);
      expect(days).toEqual(Uint16Array.of(0, 0));
    }
    await store.close();
  });
});
