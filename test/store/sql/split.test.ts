/** `read=HOST:PORT`: messages are read there, everything else is done on the server itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../src/store/open.ts';
import { describeWith } from '../../peers.ts';
import { bytes, openUser, read, rows } from '../conformance.ts';
import { kinds } from '../kinds.ts';
import { CountingProxy } from '../proxies.ts';
import type { Running } from '../servers.ts';

describe.each(kinds.filter(({ name }) => name !== 'redis'))('$name with a replica', (kind) => {
  describeWith(kind.programs, (...programs) => {
    let server: Running;
    // What stands for the replica: another address of the same server.
    let replica: CountingProxy;
    let writer: CountingProxy;
    let port: number;
    let location: string;
    beforeAll(async () => {
      server = await kind.start(programs);
      replica = new CountingProxy(kind.target(server));
      writer = new CountingProxy(kind.target(server));
      port = await replica.listen();
      const url = new URL(kind.through(server, await writer.listen()));
      url.searchParams.set('read', `127.0.0.1:${port}`);
      location = url.href;
    }, 60_000);
    afterAll(async () => {
      replica.close();
      writer.close();
      await server.stop();
    });

    test('reads messages there, and there only; notes and changes go to the server itself', async () => {
      const store = await openStore(location, '/nowhere');
      await store.init();
      const user = await openUser(store);
      expect(replica.trips).toBe(0);
      await user.apply({
        features: rows([1, 2, 3]),
        notes: [{ space: 'learned', key: bytes('k'), value: bytes('v') }],
      });
      expect(await user.note('learned', bytes('k'))).toEqual(bytes('v'));
      expect(replica.trips).toBe(0);
      const before = writer.trips;
      expect(await read(user, 1)).toEqual([2, 3]);
      expect((await user.totals()).spamLearned).toBe(0);
      expect(await user.readTokens(BigUint64Array.of(1n))).toEqual(new Int32Array(2));
      expect(writer.trips).toBe(before);
      expect(replica.trips).toBeGreaterThan(0);
      await store.close();
    });

    test('reads from the server itself while there is no replica', async () => {
      const store = await openStore(location, '/nowhere');
      const user = await openUser(store);
      await read(user, 1);
      replica.close();
      expect(await read(user, 1)).toEqual([2, 3]);
      await store.close();
    });
  });
});
