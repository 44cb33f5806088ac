import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DotReader, withDots, withLf, type LineEnd } from '../../src/daemon/lines.ts';

const parts = ['.', '..', '\r\n', '\n', '\r', '\r\n.\r\n', '\n.\n', '\n.\r\n', '\r.\r', '\xe9', '\0', 'a'];
const text = fc.array(fc.constantFrom(...parts), { maxLength: 30 }).map((some) => some.join(''));
const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 4 }));

/** The text in pieces of some bytes. */
function* pieces(bytes: string, lengths: Iterator<number>): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const length = Number(lengths.next().value);
    yield Buffer.from(bytes.slice(at, at + length), 'latin1');
    at += length;
  }
}

/** What a reader takes for the message, and what it leaves. */
function read(lineEnd: LineEnd, sent: string, lengths: Iterator<number>): [string, string] | undefined {
  const reader = new DotReader(lineEnd);
  let content = '';
  let left: string | undefined;
  for (const piece of pieces(sent, lengths)) {
    if (left !== undefined) {
      left += piece.toString('latin1');
      continue;
    }
    const taken = reader.push(piece);
    content += taken.content.toString('latin1');
    left = taken.rest?.toString('latin1');
  }
  return left === undefined ? undefined : [content, left];
}

async function written(message: string, end: '\n' | '\r\n', lengths: Iterator<number>): Promise<string> {
  let sent = '';
  for await (const piece of withDots(stream(pieces(message, lengths)), end)) sent += piece.toString('latin1');
  return sent;
}

async function* stream(source: Iterable<Buffer>): AsyncGenerator<Buffer> {
  for (const piece of source) yield await Promise.resolve(piece);
}

test('read as RFC 5321 says, nothing but CRLF ends a line', () => {
  fc.assert(
    fc.property(text, cuts, (some, lengths) => {
      const message = `${some}\r\n`;
      const sent = `${message.replace(/(^|\r\n)\./g, '$1..')}.\r\nRSET`;
      expect(read('crlf', sent, lengths)).toEqual([message, 'RSET']);
    }),
  );
});

test('what is written is read back by a reader of bare LF; a strict one finds the same end', async () => {
  await fc.assert(
    fc.asyncProperty(text, cuts, async (some, lengths) => {
      const message = `${some}\r\n`;
      const sent = `${await written(message, '\r\n', lengths)}.\r\nRSET`;
      expect(read('lf', sent, lengths)).toEqual([message, 'RSET']);
      expect(read('crlf', sent, lengths)?.[1]).toBe('RSET');
    }),
  );
});

test.each(['crlf', 'lf'] as const)('a message without its end is none (%s)', (lineEnd) => {
  const lengths = fc.sample(cuts, 1)[0] ?? [].values();
  expect(read(lineEnd, 'a\r\n.', lengths)).toBeUndefined();
  expect(read(lineEnd, 'a\r\n.\r', lengths)).toBeUndefined();
  expect(read(lineEnd, 'a.\r\n', lengths)).toBeUndefined();
  expect(read(lineEnd, '.\r\n', lengths)).toEqual(['', '']);
});

test('an end is put where there is none', async () => {
  const lengths = [9, 9].values();
  expect(await written('a', '\r\n', lengths)).toBe('a\r\n');
  expect(await written('a\n', '\r\n', [9].values())).toBe('a\n\r\n');
  expect(await written('a\n', '\n', [9].values())).toBe('a\n');
  expect(await written('', '\r\n', [9].values())).toBe('');
});

test('LF for CRLF, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(text, cuts, async (some, lengths) => {
      let out = '';
      for await (const piece of withLf(stream(pieces(some, lengths)))) out += piece.toString('latin1');
      expect(out).toBe(some.replaceAll('\r\n', '\n'));
    }),
  );
});
