import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf, tokenKey } from '../../../src/classifier/dspam/key.ts';
import type { TokenOptions } from '../../../src/classifier/dspam/options.ts';
import { readMessage } from '../../../src/classifier/dspam/text.ts';
import { tokensOf } from '../../../src/classifier/dspam/tokens.ts';
import { namesOf } from '../../../src/classifier/dspam/words.ts';

function names(message: string, options: Partial<TokenOptions> = {}): string[] {
  const all = { tokenizer: 'word', whitelist: false, ignoredFields: [], ...options } as const;
  const { all: tokens } = tokensOf(readMessage(Buffer.from(message, 'latin1')), all);
  return tokens.flatMap(({ name, frequency }) => Array.from({ length: frequency }, () => name)).sort();
}

describe('a key', () => {
  test('is the CRC of 71-crc', () => {
    expect(tokenKey('viagra')).toBe(6625426497525293056n);
    expect(tokenKey('$$CONTROL$$')).toBe(11624422384514212933n);
  });

  test('has its bucket modulo 24593', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (key) => {
        expect(bucketOf(key)).toBe(Number(key % 24593n));
      }),
    );
  });
});

describe('words', () => {
  test('of 50 bytes are passed over without breaking a chain', () => {
    expect(namesOf(`a ${'x'.repeat(50)} b ${'y'.repeat(49)}`, 'chain', 'body')).toEqual([
      'a',
      'b',
      'a+b',
      'y'.repeat(49),
      `b+${'y'.repeat(49)}`,
    ]);
  });

  test('lose trailing exclamation marks but keep one byte', () => {
    expect(namesOf('now!!! ! !!', 'word', 'body')).toEqual(['now', '!', '!']);
  });

  test('form the documented patterns', () => {
    expect(namesOf('a b c', 'osb', 'body')).toEqual(['a+b', 'a+#+c', 'b+c']);
    expect(namesOf('a b c', 'sbph', 'body')).toEqual(['a', 'a+b', 'a+#+c', 'a+b+c', 'b', 'b+c', 'c']);
  });

  test('of sbph make 16 patterns each where four follow', () => {
    expect(namesOf('a b c d e', 'sbph', 'body').filter((name) => name.startsWith('a'))).toHaveLength(16);
  });
});

describe('a message', () => {
  test('loses what stands behind the first colon of a continuation line', () => {
    expect(names('Received: a\n\tMon 12:11\n\n')).toEqual(['Received*12', 'Received*Mon', 'Received*a']);
  });

  test('has its folded From as one token, which DSPAM loses', () => {
    expect(names('From: Joe\n\t<joe@example.org>\n\n', { whitelist: true })).toContain(
      'From*Joe <joe@example.org>',
    );
  });

  test('is not named by the From field of an attached message', () => {
    const mail = 'From: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\nFrom: other\n\n--b--\n';
    const options = { tokenizer: 'word', whitelist: true, ignoredFields: [] } as const;
    expect(tokensOf(readMessage(Buffer.from(mail)), options).sender).toBe(tokenKey('From*a'));
  });

  test('has the tokens of its encoded words as bytes (51-tag-multi)', () => {
    expect(names('Subject: =?UTF-8?B?SMOpbGxvIHdvcmxk?=\n\n')).toEqual([
      'Subject*H\xc3\xa9llo',
      'Subject*world',
    ]);
    expect(names('Subject: =?x?Q?a_b?=\n =?x?Q?=43?= d\n\n')).toEqual([
      'Subject*a',
      'Subject*bC',
      'Subject*d',
    ]);
  });

  test('skips X-DSPAM fields and those to ignore', () => {
    expect(names('X-DSPAM-Result: Spam\nX-Spam: yes\nTo: a\n\n', { ignoredFields: ['x-spam'] })).toEqual([
      'To*a',
    ]);
  });

  test('runs a field of more than 1023 bytes into the next one', () => {
    const words = 'abcde '.repeat(200);
    expect(names(`X: ${words}\nTo: a\n\n`).some((name) => name.startsWith('To*'))).toBe(false);
  });

  test('takes its URLs out of the text', () => {
    expect(names('\nSee http://a.b/c now')).toEqual(['See', 'Url*//a', 'Url*b/c', 'Url*http', 'now']);
    expect(names('\nwww.a.b> https://c')).toEqual(['//c', '>', 'Url*a', 'Url*b', 'Url*www', 'https']);
  });

  test('has the text of its parts one behind the other, attachments undecoded (51-tag-multi)', () => {
    const mail = [
      'Content-Type: multipart/alternative; boundary="BB"',
      '',
      'one',
      '--BB',
      'Content-Type: text/plain',
      'Content-Transfer-Encoding: base64',
      '',
      'dHdv',
      '--BB',
      'Content-Type: image/gif',
      '',
      'pixels',
      '--BB',
      'Content-Type: text/html',
      '',
      '<style>x</style>th<b>re</b>e<br>&eacute;&nbsp;<img src="http://d/">',
      '--BB',
      'Content-Disposition: attachment',
      'Content-Transfer-Encoding: base64',
      '',
      'dHdv',
      '--BB--',
      '',
    ].join('\n');
    const body = names(mail, { tokenizer: 'chain' }).filter((name) => !name.includes('*'));
    expect(body).toEqual(
      ['dHdv', 'one', 'one+two', 'three', 'three+\xe9', 'two', 'two+three', '\xe9', '\xe9+dHdv'].sort(),
    );
  });

  test('is read whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const options = { tokenizer: 'sbph', whitelist: true, ignoredFields: [] } as const;
        const { all } = tokensOf(readMessage(bytes), options);
        expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
      }),
    );
  });

  test.each(['<', '=?a?b?', '=?', '&a', '--', 'http://', 'href=', '<!--', '<script>', '<a href="http://'])(
    'that repeats %j is read in linear time, to its end',
    (piece) => {
      const text = `Subject: ${piece.repeat(30_000)}\nContent-Type: text/html\n\n${piece.repeat(30_000)}`;
      expect(Array.isArray(names(text))).toBe(true);
    },
  );
});
