import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TamisError } from '../../src/errors.ts';
import { MaildirDelivery } from '../../src/maildir/delivery.ts';

const parts = ['cur', 'new', 'tmp'];
let box = '';
let maildir = '';

beforeEach(() => {
  box = mkdtempSync(join(tmpdir(), 'tamis-maildir-'));
  maildir = join(box, 'Maildir');
  for (const part of parts) mkdirSync(join(maildir, part), { recursive: true });
});

afterEach(() => {
  rmSync(box, { recursive: true });
});

function deliver(text: string, folder?: string): string {
  const delivery = MaildirDelivery.open(maildir, folder);
  writeSync(delivery.fd, text);
  return delivery.commit();
}

function failure(work: () => unknown): TamisError {
  try {
    work();
  } catch (error) {
    if (error instanceof TamisError) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}

describe('a delivery', () => {
  test('puts the message into new, whole, and leaves nothing in tmp', () => {
    const path = deliver('Subject: a\n\nb');
    expect(dirname(path)).toBe(join(maildir, 'new'));
    expect(readFileSync(path, 'utf8')).toBe('Subject: a\n\nb');
    expect(statSync(path).nlink).toBe(1);
    expect(readdirSync(join(maildir, 'tmp'))).toEqual([]);
  });

  test('names it after the Maildir convention, with its size', () => {
    expect(basename(deliver('12345'))).toMatch(/^\d{10}\.M\d{1,6}P\d+Q\d+\.[^/:,]+,S=5$/);
  });

  test('shows it to its owner only', () => {
    expect(statSync(deliver('x')).mode & 0o777).toBe(0o600);
  });

  test('shows nothing in new before commit', () => {
    const delivery = MaildirDelivery.open(maildir);
    writeSync(delivery.fd, 'half');
    expect(readdirSync(join(maildir, 'new'))).toEqual([]);
    expect(readdirSync(join(maildir, 'tmp'))).toHaveLength(1);
    delivery.abort();
  });

  test('gives each message a name of its own', () => {
    const names = Array.from({ length: 40 }, (_, number) => basename(deliver(`${number}`)));
    expect(new Set(names).size).toBe(40);
    expect(readdirSync(join(maildir, 'new'))).toHaveLength(40);
  });

  test('aborted, leaves nothing and closes the file', () => {
    const delivery = MaildirDelivery.open(maildir);
    delivery.abort();
    delivery.abort();
    expect(parts.flatMap((part) => readdirSync(join(maildir, part)))).toEqual([]);
    expect(() => writeSync(delivery.fd, 'x')).toThrow('EBADF');
  });

  test('aborted after commit, keeps the message', () => {
    const delivery = MaildirDelivery.open(maildir);
    const path = delivery.commit();
    delivery.abort();
    expect(existsSync(path)).toBe(true);
  });

  test('fails and can be aborted if new goes away meanwhile', () => {
    const delivery = MaildirDelivery.open(maildir);
    rmSync(join(maildir, 'new'), { recursive: true });
    expect(failure(() => delivery.commit()).code).toBe('DELIVERY');
    delivery.abort();
    expect(readdirSync(join(maildir, 'tmp'))).toEqual([]);
  });
});

describe('a folder', () => {
  test('is made where it is missing, for its owner only, and marked as one', () => {
    const path = deliver('spam', '.Spam');
    const folder = join(maildir, '.Spam');
    expect(dirname(path)).toBe(join(folder, 'new'));
    expect(readdirSync(folder).sort()).toEqual(['cur', 'maildirfolder', 'new', 'tmp']);
    for (const part of ['.', ...parts]) expect(statSync(join(folder, part)).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'maildirfolder')).size).toBe(0);
  });

  test('that is half made is completed, and what is in it stays', () => {
    mkdirSync(join(maildir, '.Spam', 'cur'), { recursive: true });
    writeFileSync(join(maildir, '.Spam', 'cur', '1.a:2,S'), 'old');
    deliver('spam', '.Spam');
    expect(readFileSync(join(maildir, '.Spam', 'cur', '1.a:2,S'), 'utf8')).toBe('old');
    expect(readdirSync(join(maildir, '.Spam', 'new'))).toHaveLength(1);
  });

  test('may lie in another by its name', () => {
    expect(dirname(deliver('x', '.Lists.Spam'))).toBe(join(maildir, '.Lists.Spam', 'new'));
  });

  test.each(['', '.', '..', '../x', './../x', '.Spam/x', '/tmp', 'Spam', '.a..b', '.a.', '.a\0b', 'a.b'])(
    'is refused by the name %j, and nothing is made',
    (name) => {
      const error = failure(() => MaildirDelivery.open(maildir, name));
      expect(error.code).toBe('DELIVERY');
      expect(error.message).toContain(JSON.stringify(name));
      expect(readdirSync(box)).toEqual(['Maildir']);
      expect(readdirSync(maildir).sort()).toEqual(parts);
    },
  );

  test('that is a file fails as a delivery', () => {
    writeFileSync(join(maildir, '.Spam'), '');
    expect(failure(() => MaildirDelivery.open(maildir, '.Spam')).code).toBe('DELIVERY');
  });

  test('of a name that is too long fails as a delivery', () => {
    expect(failure(() => MaildirDelivery.open(maildir, `.${'x'.repeat(300)}`)).code).toBe('DELIVERY');
  });
});

describe('a Maildir', () => {
  test.each(parts)('without %s is refused with the command that makes one', (part) => {
    rmSync(join(maildir, part), { recursive: true });
    const error = failure(() => MaildirDelivery.open(maildir));
    expect(error.code).toBe('DELIVERY');
    expect(error.message).toContain(`maildirmake ${maildir}`);
    expect(existsSync(join(maildir, part))).toBe(false);
  });

  test('is not made where there is none', () => {
    expect(failure(() => MaildirDelivery.open(join(box, 'none'), '.Spam')).code).toBe('DELIVERY');
    expect(existsSync(join(box, 'none'))).toBe(false);
  });

  test('with a NUL in its path fails as a delivery', () => {
    expect(failure(() => MaildirDelivery.open('a\0b')).code).toBe('DELIVERY');
  });

  test('whose tmp takes no files fails as a delivery', () => {
    rmSync(join(maildir, 'tmp'), { recursive: true });
    symlinkSync('/proc', join(maildir, 'tmp'));
    expect(failure(() => MaildirDelivery.open(maildir)).code).toBe('DELIVERY');
  });
});
