import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readBeginning } from '../../src/corpus/file.ts';
import { countMessages, messages, type CorpusItem } from '../../src/corpus/messages.ts';

const from = 'From a@example.org Thu Aug 22 13:17:22 2002\n';
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tamis-corpus-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function maildir(): void {
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(root, part));
}

async function all(path: string, limit?: number): Promise<CorpusItem[]> {
  const items: CorpusItem[] = [];
  for await (const item of messages(path, limit)) items.push(item);
  return items;
}

/** What was read, as `name@offset content` or `name failed`. */
async function told(path: string, limit?: number): Promise<string[]> {
  return (await all(path, limit)).map((item) =>
    'error' in item
      ? `${relative(root, item.path)} failed`
      : `${relative(root, item.path)}@${item.offset} ${item.bytes.toString()}`,
  );
}

describe('a Maildir', () => {
  test('gives its messages, neither drafts nor trashed ones', async () => {
    maildir();
    file('new/2.b', 'two');
    file('cur/1.a:2,S', 'one');
    file('cur/3.c:2,T', 'trashed');
    expect(await told(root)).toEqual(['cur/1.a:2,S@0 one', 'new/2.b@0 two']);
    expect(await countMessages(root)).toBe(2);
  });

  test('passes over what vanished after it was listed', async () => {
    maildir();
    file('new/1.a', 'one');
    const second = file('new/2.b', 'two');
    file('new/3.c', 'three');
    const read: string[] = [];
    for await (const item of messages(root)) {
      if ('bytes' in item) read.push(item.bytes.toString());
      rmSync(second, { force: true });
    }
    expect(read).toEqual(['one', 'three']);
  });

  test('gives a message with a From line as one message', async () => {
    maildir();
    file('new/1.a', `${from}\n${from}`);
    expect(await told(root)).toEqual([`new/1.a@0 ${from}\n${from}`]);
  });
});

describe('a folder', () => {
  test('gives each file as one message, by number', async () => {
    for (const name of ['10', '9', 'b.eml', 'a.eml', ',3', '.mh_sequences', 'inner/1']) file(name, name);
    expect(await told(root)).toEqual(['9@0 9', '10@0 10', 'a.eml@0 a.eml', 'b.eml@0 b.eml']);
    expect(await countMessages(root)).toBe(4);
  });

  test('may hold mailboxes, each of them with all its messages', async () => {
    file('a', `${from}\none\n\n${from}\ntwo\n`);
    file('b', `${from}\nthree\n`);
    file('c', 'four');
    expect(await told(root)).toEqual([
      `a@0 ${from}\none\n\n`,
      `a@${from.length + 6} ${from}\ntwo\n`,
      `b@0 ${from}\nthree\n`,
      'c@0 four',
    ]);
    expect(await countMessages(root)).toBe(4);
  });

  test('has mailboxes that are empty, and what a mail program keeps beside them', async () => {
    file('Inbox', `${from}\none\n`);
    file('Inbox.msf', '// <!-- <mdb:mork:z v="1.4"/> -->\n');
    file('Trash', '');
    expect(await told(root)).toEqual([`Inbox@0 ${from}\none\n`, 'Inbox.msf failed']);
    expect(await countMessages(root)).toBe(2);
  });

  test('of files with the names of a Maildir has one message in each', async () => {
    const two = `${from}\none\n\n${from}\ntwo\n`;
    file('1604918.M5P6.host', two);
    file('a:2,S', two);
    file('1604919.M5P7.host', '');
    expect(await told(root)).toEqual([
      `1604918.M5P6.host@0 ${two}`,
      '1604919.M5P7.host failed',
      `a:2,S@0 ${two}`,
    ]);
    mkdirSync(join(root, 'new'));
    file('new/x', two);
    symlinkSync(join(root, 'new'), join(root, 'beside'));
    expect(await told(join(root, 'beside'))).toEqual([`beside/x@0 ${two}`]);
  });

  test('that is the cur of a Maildir leaves trashed messages out', async () => {
    maildir();
    file('cur/1.a:2,S', 'one');
    file('cur/2.a:2,T', 'two');
    expect(await told(join(root, 'cur'))).toEqual(['cur/1.a:2,S@0 one']);
  });

  test('hands out what cannot be read as an error and goes on', async () => {
    file('1', '');
    symlinkSync(join(root, '2'), join(root, '2'));
    file('3', 'three');
    expect(await told(root)).toEqual(['1 failed', '2 failed', '3@0 three']);
    expect((await all(root))[1]).toMatchObject({
      error: { code: 'INPUT', message: expect.stringContaining(join(root, '2')) as string },
    });
  });

  test('counts a file whose name is not UTF-8 as unreadable, not as vanished', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xe9)]), 'x');
    expect(await told(root)).toEqual(['\uFFFD failed']);
  });

  test('that is empty gives nothing', async () => {
    expect(await told(root)).toEqual([]);
    expect(await countMessages(root)).toBe(0);
  });
});

describe('a file', () => {
  test('that begins with a From line is an mbox', async () => {
    const path = file('mbox', `${from}A: 1\n\n${from}B: 2\n`);
    expect(await told(path)).toEqual([`mbox@0 ${from}A: 1\n\n`, `mbox@${from.length + 6} ${from}B: 2\n`]);
    expect(await countMessages(path)).toBe(2);
  });

  test('that begins otherwise is one message, whatever is in it', async () => {
    const path = file('one.eml', `Subject: x\n\n${from}text\n`);
    expect(await told(path)).toEqual([`one.eml@0 Subject: x\n\n${from}text\n`]);
    expect(await countMessages(path)).toBe(1);
  });

  test('that is binary is none, but a message with zeros in it is one', async () => {
    const index = file('dovecot.index', '\x07\x03\x78\0\0\0');
    file('message', 'Subject: \0\0\n\n');
    expect(await told(index)).toEqual(['dovecot.index failed']);
    expect(await told(root)).toEqual(['dovecot.index failed', 'message@0 Subject: \0\0\n\n']);
  });

  test('that is empty is an mbox without messages', async () => {
    expect(await told(file('mbox', ''))).toEqual([]);
  });

  test('is read up to the limit only, in an mbox each message', async () => {
    expect(await told(file('one', 'Subject: long'), 7)).toEqual(['one@0 Subject']);
    const path = file('mbox', `${from}A: 1\n\n${from}`);
    expect(await told(path, 6)).toEqual(['mbox@0 From a', `mbox@${from.length + 6} From a`]);
  });

  test('of many gigabytes is read as quickly as its beginning', async () => {
    const path = file('huge.eml', 'Subject: huge\n\n');
    truncateSync(path, 20 * 2 ** 30);
    const [item] = await all(path);
    expect(item).toMatchObject({ path, offset: 0 });
    expect(item !== undefined && 'bytes' in item && item.bytes.length).toBe(256 * 1024);
  });
});

describe('a PATH that cannot be read', () => {
  test('is an error that names it, if it is missing', async () => {
    const path = join(root, 'none');
    const error = { code: 'INPUT', message: expect.stringContaining(path) as string };
    await expect(all(path)).rejects.toMatchObject(error);
    await expect(countMessages(path)).rejects.toMatchObject(error);
    expect(() => readBeginning(path)).toThrow(expect.objectContaining(error));
  });

  test('is an error, if it lies below a file or holds a NUL', async () => {
    file('a', 'x');
    await expect(all(join(root, 'a', 'b'))).rejects.toMatchObject({ code: 'INPUT' });
    await expect(all('a\0b')).rejects.toMatchObject({ code: 'INPUT' });
  });

  test('is an error, if it is a named pipe, and nobody waits for a writer', async () => {
    const path = join(root, 'pipe');
    execFileSync('mkfifo', [path]);
    await expect(all(path)).rejects.toMatchObject({ code: 'INPUT' });
  });
});
