import type * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MaildirDelivery } from '../../src/maildir/delivery.ts';

const link = vi.hoisted(() => vi.fn<typeof fs.linkSync>());

vi.mock('node:fs', async (original) => ({ ...(await original<typeof fs>()), linkSync: link }));

let maildir = '';

beforeEach(() => {
  maildir = mkdtempSync(join(tmpdir(), 'tamis-maildir-'));
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, part));
  link.mockReset();
});

afterEach(() => {
  rmSync(maildir, { recursive: true });
});

function begin(): MaildirDelivery {
  const delivery = MaildirDelivery.open(maildir);
  writeSync(delivery.fd, 'message');
  return delivery;
}

function refuse(code: string): never {
  throw Object.assign(new Error(code), { code });
}

test('where the file system has no links, the message is renamed into new', () => {
  link.mockImplementation(() => refuse('EPERM'));
  expect(readFileSync(begin().commit(), 'utf8')).toBe('message');
  expect(readdirSync(join(maildir, 'tmp'))).toEqual([]);
});

test('a rename never takes the place of a message', () => {
  link.mockImplementation((_, path) => {
    writeFileSync(path, 'other');
    refuse('EPERM');
  });
  const delivery = begin();
  expect(() => delivery.commit()).toThrow(expect.objectContaining({ code: 'DELIVERY' }));
  delivery.abort();
  const [name = ''] = readdirSync(join(maildir, 'new'));
  expect(readFileSync(join(maildir, 'new', name), 'utf8')).toBe('other');
});

test('a name that is taken is left to its owner, and another is used', async () => {
  const { linkSync } = await vi.importActual<typeof fs>('node:fs');
  link.mockImplementationOnce((_, path) => {
    writeFileSync(path, 'other');
    refuse('EEXIST');
  });
  link.mockImplementation(linkSync);
  expect(readFileSync(begin().commit(), 'utf8')).toBe('message');
  expect(readdirSync(join(maildir, 'new'))).toHaveLength(2);
});

test('a disk that fails at the end is a failed delivery that leaves nothing', () => {
  link.mockImplementation(() => refuse('EIO'));
  const delivery = begin();
  expect(() => delivery.commit()).toThrow(expect.objectContaining({ code: 'DELIVERY' }));
  delivery.abort();
  for (const part of ['cur', 'new', 'tmp']) expect(readdirSync(join(maildir, part))).toEqual([]);
});
