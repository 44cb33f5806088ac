import { expect, test } from 'vitest';
import { LevelStore } from '../../src/store/level/level-store.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { openStore } from '../../src/store/open.ts';

test('the setting names the backend', async () => {
  expect(await openStore('level', '/nowhere')).toBeInstanceOf(LevelStore);
  expect(await openStore('memory', '/nowhere')).toBeInstanceOf(MemoryStore);
});

test.each(['', 'sqlite:', 'postgres:', 'mysql', 'redis+x://localhost', 'toString', '__proto__', 'Level'])(
  '%j is no backend, and the error says which are',
  async (location) => {
    await expect(openStore(location, '/nowhere')).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('use level, ') as unknown,
    });
  },
);

test('an error shows no password', async () => {
  for (const location of [
    'x://joe:secret@host/db',
    'x://:secret@host/db',
    'x://joe:sec:ret@host/db?password=secret',
  ]) {
    const error: unknown = await openStore(location, '/nowhere').catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/"x:\/\/(?:joe@)?host\/db"/u);
  }
});
