import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readIndex, type IndexEntry } from '../../src/corpus/index-file.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tamis-index-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function index(content: string, root?: string): Promise<IndexEntry[]> {
  writeFileSync(join(folder, 'index'), content);
  return await readIndex(join(folder, 'index'), root);
}

test('lines give class and path in their order', async () => {
  expect(await index('spam a/1\nham\t../b 2 \n')).toEqual([
    { spam: true, name: 'a/1', path: join(folder, 'a/1') },
    { spam: false, name: '../b 2', path: join(folder, '..', 'b 2') },
  ]);
});

test('comments, empty lines, CRLF and a byte order mark are passed over', async () => {
  const entries = await index('\uFEFF# spam x\r\n\r\nspam \t 1\r\n  \t\r\n# ham y\r\nham 2');
  expect(entries.map(({ spam, name }) => [spam, name])).toEqual([
    [true, '1'],
    [false, '2'],
  ]);
});

test('paths may begin at another root, or be absolute', async () => {
  const entries = await index('spam 1\nham /mail/2\n', '/corpus');
  expect(entries.map(({ path }) => path)).toEqual(['/corpus/1', '/mail/2']);
});

test.each(['Spam 1', 'innocent 1', 'spam', 'spam1', '1 spam', 'spam:1'])(
  'the line %j is an error with file and line',
  async (line) => {
    await expect(index(`# one\nham 1\n${line}\n`)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining(`${join(folder, 'index')}, line 3:`) as string,
    });
  },
);

test('an index without messages, or none at all, is an error that names it', async () => {
  const error = { code: 'INPUT', message: expect.stringContaining(folder) as string };
  await expect(index('# nothing\n')).rejects.toMatchObject(error);
  await expect(readIndex(join(folder, 'none'))).rejects.toMatchObject(error);
});
