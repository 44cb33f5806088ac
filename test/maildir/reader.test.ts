import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isMaildir } from '../../src/maildir/layout.ts';
import { listMaildir } from '../../src/maildir/reader.ts';

let maildir = '';

beforeEach(() => {
  maildir = mkdtempSync(join(tmpdir(), 'tamis-maildir-'));
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, part));
});

afterEach(() => {
  rmSync(maildir, { recursive: true });
});

async function listed(...names: string[]): Promise<string[]> {
  for (const name of names) writeFileSync(join(maildir, name), 'x');
  return (await listMaildir(maildir)).map((path) => relative(maildir, path));
}

test('messages of new and cur come in the order of their arrival', async () => {
  expect(await listed('cur/900.a:2,S', 'new/1000.b', 'cur/1001.c:2,', 'new/999.d')).toEqual([
    'cur/900.a:2,S',
    'new/999.d',
    'new/1000.b',
    'cur/1001.c:2,',
  ]);
});

test('flags do not change the order', async () => {
  expect(await listed('cur/1.a,S=1:2,S', 'cur/1.b,S=1:2,', 'cur/1.a:2,RS')).toEqual([
    'cur/1.a:2,RS',
    'cur/1.a,S=1:2,S',
    'cur/1.b,S=1:2,',
  ]);
});

test('drafts, trashed messages, dot files and what is in tmp are left out', async () => {
  const left = ['cur/1.a:2,D', 'cur/2.a:2,ST', 'cur/.3.a', 'new/.nfs4', 'tmp/5.a'];
  expect(await listed(...left, 'new/6.T')).toEqual(['new/6.T']);
});

test('a message that is in both at once is listed once', async () => {
  expect(await listed('new/1.a', 'cur/1.a:2,S')).toEqual(['cur/1.a:2,S']);
});

test('folders are not walked, links to messages are followed', async () => {
  mkdirSync(join(maildir, '.Spam/cur'), { recursive: true });
  mkdirSync(join(maildir, 'cur/1.folder'));
  writeFileSync(join(maildir, '.Spam/cur/2.a'), 'x');
  symlinkSync(join(maildir, '.Spam/cur/2.a'), join(maildir, 'new/3.link'));
  expect(await listed()).toEqual(['new/3.link']);
});

test('a folder that cannot be listed is an error that names it', async () => {
  rmSync(join(maildir, 'cur'), { recursive: true });
  expect(isMaildir(maildir)).toBe(false);
  await expect(listMaildir(maildir)).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringContaining(join(maildir, 'cur')) as string,
  });
});
