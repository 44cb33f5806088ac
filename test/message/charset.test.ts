import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeField, decodeText } from '../../src/message/charset.ts';

const bytes = (latin1: string): Buffer => Buffer.from(latin1, 'latin1');

describe('text', () => {
  test.each([
    ['utf-8', 'é', Buffer.from('é')],
    ['iso-8859-1', 'é€', bytes('\xe9\x80')],
    ['windows-1252', '“€”', bytes('\x93\x80\x94')],
    ['windows-1251', 'Забор', bytes('\xc7\xe0\xe1\xee\xf0')],
    ['koi8-r', 'Забор', bytes('\xfa\xc1\xc2\xcf\xd2')],
    ['iso-8859-2', 'Łódź', bytes('\xa3\xf3d\xbc')],
    ['shift_jis', '日本', bytes('\x93\xfa\x96\x7b')],
    ['euc-jp', '日本', bytes('\xc6\xfc\xcb\xdc')],
    ['iso-2022-jp', '日本', bytes('\x1b$BF|K\\\x1b(B')],
    ['csiso2022jp', '日本', bytes('\x1b$BF|K\\\x1b(B')],
    ['gb2312', '你好', bytes('\xc4\xe3\xba\xc3')],
    ['gb18030', '𠮷', bytes('\x95\x34\xb2\x35')],
    ['big5', '中文', bytes('\xa4\xa4\xa4\xe5')],
    ['euc-kr', '한국', bytes('\xc7\xd1\xb1\xb9')],
    ['utf-16le', 'né', bytes('n\0\xe9\0')],
    ['utf-16be', 'né', bytes('\0n\0\xe9')],
  ])('in %s as declared', (charset, text, encoded) => {
    expect(decodeText(encoded, charset)).toBe(text);
  });

  test.each([
    ['UTF-16 under a mark', 'utf-8', bytes('\xff\xfen\0\xe9\0'), 'né'],
    ['big-endian UTF-16 under a mark', '', bytes('\xfe\xff\0n\0\xe9'), 'né'],
    ['UTF-8 under a mark', 'iso-8859-1', bytes('\xef\xbb\xbfn'), 'n'],
    ['UTF-8 declared as something else', 'us-ascii', Buffer.from('é“'), 'é“'],
    ['UTF-8 declared as a Chinese charset', 'gb2312', Buffer.from('naïve'), 'naïve'],
    ['ASCII declared as UTF-16', 'utf-16', bytes('plain'), 'plain'],
    ['windows-1252 declared as UTF-8', 'utf-8', bytes('caf\xe9 \x93x\x94'), 'café “x”'],
    ['windows-1252 that nobody declared', '', bytes('caf\xe9'), 'café'],
    ['windows-1252 declared as a charset that nobody knows', 'x-unknown', bytes('caf\xe9'), 'café'],
    ['windows-1252 declared as Korean', 'euc-kr', bytes('caf\xe9'), 'café'],
    [
      'UTF-8 with one broken byte',
      'utf-8',
      Buffer.concat([Buffer.from('é“”ß'), bytes('\xff')]),
      'é“”ß\ufffd',
    ],
    ['Japanese escapes that nobody declared', '', bytes('\x1b$BF|K\\\x1b(B!'), '日本!'],
    [
      'ASCII behind a mark of UTF-16',
      'us-ascii',
      bytes('\xff\xfeplain text, and one zero: \0'),
      'ÿþplain text, and one zero: \0',
    ],
    ['UTF-7, which is left alone', 'utf-7', bytes('+AGE-'), '+AGE-'],
  ])('%s', (_, charset, encoded, text) => {
    expect(decodeText(encoded, charset)).toBe(text);
  });

  test('is what is declared, whatever escapes or marks of another charset stand in it', () => {
    const escape = '<!-- \x1b$B --><p>Buy';
    expect(decodeText(bytes(escape), 'utf-8')).toBe(escape);
    expect(decodeText(bytes(escape), 'iso-8859-1')).toBe(escape);
    expect(decodeText(bytes('\xff\xfe<p>Buy'), 'iso-8859-1')).toBe('ÿþ<p>Buy');
    expect(decodeText(bytes('\x1b$BF|K\\\x1b(B'), '')).toBe('日本');
    expect(decodeText(bytes('\xff\xfe\xe5\x65\x2c\x67'), '')).toBe('日本');
    expect(decodeText(bytes('\xff\xfeB\0u\0y\0'), 'utf-8')).toBe('Buy');
  });

  test('never throws', () => {
    const charset = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'utf-8',
        'utf-16',
        'iso-2022-jp',
        'gb18030',
        'big5',
        'hz-gb-2312',
        '__proto__',
        'base64',
      ),
    );
    fc.assert(
      fc.property(fc.uint8Array(), charset, (some, name) => {
        expect(decodeText(Buffer.from(some), name.toLowerCase())).toBeTypeOf('string');
      }),
    );
  });
});

describe('fields', () => {
  test.each([
    ['ASCII', 'plain', 'plain'],
    ['raw UTF-8', 'Z\xc3\xb6lf', 'Zölf'],
    ['raw windows-1252', 'Z\xf6lf \x80', 'Zölf €'],
    ['a word', '=?utf-8?Q?Z=C3=B6lf_Boxk=C3=A4mpfer?=', 'Zölf Boxkämpfer'],
    ['words that break a character', '=?utf-8?B?w?= =?utf-8?B?6k=?=', 'é'],
    ['words side by side', '=?utf-8?Q?a?==?utf-8?Q?b?= =?iso-8859-1?Q?=E9?= c', 'abé c'],
    ['a word beside raw UTF-8', '\xc3\xb6 =?koi8-r?B?8NLJ18XU?=', 'ö Привет'],
    ['Latin-1 that is windows-1252', '=?ISO-8859-1?Q?=80?=', '€'],
    ['a word in a charset that nobody knows', '=?x-unknown?Q?caf=E9?=', 'café'],
    ['a word that is no UTF-8 as it says', '=?utf-8?Q?caf=E9?= x', 'café x'],
    ['a lie beside the truth', '=?x-unknown?Q?caf=E9_=80?= =?utf-8?Q?=C3=B6?=', 'café €ö'],
    ['words without an end', '=?utf-8?Q?abc =?utf-8?', '=?utf-8?Q?abc =?utf-8?'],
  ])('%s', (_, raw, text) => {
    expect(decodeField(raw)).toBe(text);
  });

  test('never throws', () => {
    const piece = fc.constantFrom(
      '=?',
      '?=',
      '?',
      '=',
      'utf-8',
      'Q',
      'B',
      '?Q?',
      '?B?',
      '\xff',
      ' ',
      'w6k=',
      '*en',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        const raw = Buffer.from(pieces.join('')).toString('latin1');
        expect(decodeField(raw)).toBeTypeOf('string');
      }),
    );
  });
});
