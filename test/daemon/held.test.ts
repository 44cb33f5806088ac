import { afterEach, expect, test, vi } from 'vitest';
import { Held } from '../../src/daemon/held.ts';

async function* pieces(count: number, length: number): AsyncGenerator<Buffer> {
  for (let n = 0; n < count; n++) yield await Promise.resolve(Buffer.alloc(length, n % 251));
}

async function gathered(source: AsyncIterable<Buffer>): Promise<{ count: number; bytes: Buffer }> {
  const all: Buffer[] = [];
  for await (const piece of source) all.push(Buffer.from(piece));
  return { count: all.length, bytes: Buffer.concat(all) };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  [200_000, 1],
  [1, 700],
  [2000, 700],
  [10, 100_000],
  [20, 100_000],
])('%d pieces of %d bytes are kept as they came, in few objects', async (count, length) => {
  const { bytes } = await gathered(pieces(count, length));
  const held = await Held.from(pieces(count, length), 1e9);
  const kept = await gathered(held.bytes());
  expect(kept.bytes.equals(bytes)).toBe(true);
  expect(kept.count).toBeLessThan(1000);
  expect(await held.prefix(1000)).toEqual(bytes.subarray(0, 1000));
  expect(await held.beginning(1000)).toEqual(bytes.subarray(0, 1000));
  await held.dispose();
});

test('what has no room on the disk is no fault of the message', async () => {
  vi.stubEnv('TMPDIR', '/nonexistent');
  await expect(Held.from(pieces(20, 100_000), 1e9)).rejects.toMatchObject({ code: 'DAEMON' });
  await expect(Held.from(pieces(20, 100_000), 1e6)).rejects.toMatchObject({ code: 'INPUT' });
});
