import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBody } from '../../src/message/encoding.ts';

function decode(encoding: string, body: string): string {
  return decodeBody({ encoding, body: Buffer.from(body, 'latin1') }).toString('latin1');
}

describe('base64', () => {
  test('any bytes, in lines of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 100 }), (bytes, width) => {
        const encoded = Buffer.from(bytes)
          .toString('base64')
          .replace(new RegExp(`.{${width}}`, 'g'), '$&\n');
        expect(decodeBody({ encoding: 'base64', body: Buffer.from(encoded) })).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each([
    ['cut off in a group', 'SGVsbG8gd29ybG', 'Hello worl'],
    ['without its padding', 'SGVsbG8', 'Hello'],
    ['in pieces with padding', 'SGVs\nbG8=\nIHdvcmxkIQ==\nCg==\n', 'Hello world!\n'],
    ['with junk', '  SGV*s\tbG8=\n!\n', 'Hello'],
    ['with what is a digit elsewhere', '-SGV-s_bG8=\n', 'Hello'],
    ['of nothing', '', ''],
    ['of padding', '====', ''],
  ])('%s', (_, body, text) => {
    expect(decode('base64', body)).toBe(text);
  });
});

describe('quoted-printable', () => {
  test('any bytes, each as a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const encoded = Array.from(bytes, (byte) => `=${byte.toString(16).padStart(2, '0')}=\n`).join('');
        expect(decodeBody({ encoding: 'quoted-printable', body: Buffer.from(encoded) })).toEqual(
          Buffer.from(bytes),
        );
      }),
    );
  });

  test.each([
    ['codes in both cases', 'caf=E9 =e9', 'caf\xe9 \xe9'],
    ['soft line breaks', 'one =\ntwo = \t\nthree', 'one two three'],
    ['a soft line break at the end', 'one=', 'one'],
    ['no codes', '= =x =4 =4x =G0 a=b', '= =x =4 =4x =G0 a=b'],
    ['blanks that no line end follows', '=  x', '=  x'],
    ['a code cut off', 'x=4', 'x=4'],
    ['raw bytes', '\xff\x00', '\xff\x00'],
  ])('%s', (_, body, text) => {
    expect(decode('quoted-printable', body)).toBe(text);
  });
});

test('what stands around the name of an encoding is read past', () => {
  expect(decode('"base64"', 'SGVsbG8=')).toBe('Hello');
  expect(decode('quoted-printable;', '=48ello')).toBe('Hello');
});

test('what is not known stays', () => {
  for (const encoding of ['', '7bit', '8bit', 'binary', 'x-uuencode']) {
    expect(decode(encoding, '=41 QUJD\xff')).toBe('=41 QUJD\xff');
  }
});
