import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isSeparator, spans } from '../../src/corpus/mbox.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tamis-mbox-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The messages of an mbox as the spans cut it. */
async function cut(mbox: string | Buffer): Promise<string[]> {
  const bytes = Buffer.from(mbox as string, 'latin1');
  const path = join(folder, 'mbox');
  writeFileSync(path, bytes);
  const file = await open(path);
  try {
    const found: string[] = [];
    for await (const { start, end } of spans(file)) found.push(bytes.toString('latin1', start, end));
    return found;
  } finally {
    await file.close();
  }
}

const from = 'From a@example.org Thu Aug 22 13:17:22 2002\n';

describe('a separator', () => {
  test.each([
    from,
    'From a@example.org  Thu Aug 22 13:17:22 2002 +0200 remote from b\r\n',
    'From MAILER-DAEMON Fri Jul  8 12:08:34 2011',
    'From - Mon Jan  1 00:00:00 2024\n',
    'From joe at example.org  Thu Jul  4 2:00:00 2002\n',
    'From a@example.org\n',
    'From \r\n',
  ])('is %j', (line) => {
    expect(isSeparator(Buffer.from(line))).toBe(true);
  });

  test.each([
    'From here on, write to joe@example.org.\n',
    'From Paris\n',
    'From: a@example.org\n',
    'From : Joe <a@example.org>\n',
    '>From a@example.org Thu Aug 22 13:17:22 2002\n',
    ' From a@example.org Thu Aug 22 13:17:22 2002\n',
    'from a@example.org Thu Aug 22 13:17:22 2002\n',
    'From\n',
    '',
  ])('is not %j', (line) => {
    expect(isSeparator(Buffer.from(line))).toBe(false);
  });
});

describe('an mbox', () => {
  test('is cut before each separator, and nothing of it is lost', async () => {
    const first = `${from}Subject: 1\n\nbody\n>From quoted\n\n`;
    const second = `${from}Subject: 2\n\nno line end`;
    expect(await cut(first + second)).toEqual([first, second]);
  });

  test('with CRLF is cut the same way', async () => {
    const message = `${from}Subject: 1\n\nbody\n\n`.replaceAll('\n', '\r\n');
    expect(await cut(message + message)).toEqual([message, message]);
  });

  test('is not cut where no empty line is before the From line, nor at a paragraph', async () => {
    const message = `${from}Subject: 1\n${from}\nbody\n${from}text\n\nFrom now on, all is well.\n\n\tx\n`;
    expect(await cut(message)).toEqual([message]);
  });

  test('may hold messages without header or body', async () => {
    expect(await cut(`${from}\n${from}\n${from}`)).toEqual([`${from}\n`, `${from}\n`, from]);
  });

  test('that is empty, or has no From line, holds none', async () => {
    expect(await cut('')).toEqual([]);
    expect(await cut('Subject: x\n\nbody\n')).toEqual([]);
  });

  test('is cut wherever the pieces of the stream end', async () => {
    const size = 256 * 1024;
    for (let before = size - from.length - 3; before <= size + 2; before += 1) {
      const first = `${from}Subject: 1\n\n`.padEnd(before - 2, 'x') + '\n\n';
      expect(await cut(first + from)).toEqual([first, from]);
      const crlf = `${from}Subject: 1\n\n`.padEnd(before - 4, 'x') + '\r\n\r\n';
      expect(await cut(crlf + from)).toEqual([crlf, from]);
    }
  });

  test('may hold lines of many megabytes', async () => {
    const first = `${from}\nFrom ${'x'.repeat(3_000_000)} 12:00\n\nFrom ${'y'.repeat(2_000_000)}\n\n`;
    expect((await cut(first + from)).map((message) => message.length)).toEqual([first.length, from.length]);
  });

  test('is cut as a plain reading of its lines would', async () => {
    const piece = fc.constantFrom(
      from,
      '\n',
      '\r\n',
      'From \n',
      'From me to you\n',
      'x\n',
      '\r',
      '\0\n',
      '>',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const mbox = pieces.join('');
        const lines = mbox.split(/(?<=\n)/);
        const messages: string[] = [];
        for (const [at, line] of lines.entries()) {
          const separated = at === 0 || ['\n', '\r\n'].includes(lines[at - 1] ?? '');
          if (separated && isSeparator(Buffer.from(line))) messages.push(line);
          else if (messages.length > 0) messages.push((messages.pop() ?? '') + line);
        }
        expect(await cut(mbox)).toEqual(messages);
      }),
    );
  });
});
