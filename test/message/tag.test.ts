import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitMessage } from '../../src/message/split.ts';
import { findSignatures, withoutTags } from '../../src/message/tag.ts';
import { onePart, read, withCrlf } from './message.ts';

const id = '6b0360305561389116552';
const other = '1,5f03603a5561';
const tag = `!DSPAM:${id}!`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const find = async (message: Buffer | string): Promise<string[]> =>
  findSignatures(await splitMessage(Buffer.from(message)));

describe('signatures', () => {
  test.each<[string, Buffer | string]>([
    ['a field', `Subject: one\nX-DSPAM-Signature: ${id}\n\ntext\n`],
    ['a field in other letters', `x-dspam-SIGNATURE:${id}\n\ntext\n`],
    ['a folded field', `X-DSPAM-Signature:\n\t${id}\n\ntext\n`],
    [
      'the field of a part',
      onePart('multipart/mixed; boundary=b', `--b\nX-DSPAM-Signature: ${id}\n\ntext\n--b--\n`),
    ],
    ['a field in the text', onePart('text/plain', `Forwarded:\n\nSubject: one\nX-DSPAM-Signature: ${id}\n`)],
    ['a quoted field in the text', onePart('text/plain', `> X-DSPAM-Signature: ${id}\n`)],
    ['a quoted field in two lines', onePart('text/plain', `> X-DSPAM-Signature:\n>  ${id}\n`)],
    ['a tag', onePart('text/plain', `text\n${tag}\n`)],
    ['a tag in a line', onePart('text/plain', `text ${tag}text`)],
    ['a quoted tag', onePart('text/plain', `> text\n> ${tag}\n`)],
    ['a tag that quoting has cut', onePart('text/plain', `> > !DSPAM:6b03603055\n> > 61389116552!\n`)],
    ['a tag in HTML', onePart('text/html', `<p>text</p>\n${tag}\n</body>`)],
    ['a tag in hidden HTML', onePart('text/html', `<p style="display:none">${tag}</p>`)],
    ['a tag in base64', onePart('text/plain\nContent-Transfer-Encoding: base64', base64(`text\n${tag}\n`))],
    [
      'a tag in quoted-printable',
      onePart(
        'text/plain\nContent-Transfer-Encoding: quoted-printable',
        '=21DSPAM:6b0360=\n305561389116552!',
      ),
    ],
    ['a tag in UTF-16', onePart('text/plain; charset=utf-16le', Buffer.from(tag, 'utf16le'))],
    ['a tag in an attached message', onePart('message/rfc822', `Subject: one\n\ntext\n${tag}\n`)],
    [
      'the field of an attached message',
      onePart('message/rfc822', `Subject: one\nX-DSPAM-Signature: ${id}\n\ntext\n`),
    ],
    [
      'the field of an encoded message',
      onePart('message/rfc822\nContent-Transfer-Encoding: base64', base64(`X-DSPAM-Signature: ${id}\n\n`)),
    ],
    ['a header block as text', onePart('text/rfc822-headers', `X-DSPAM-Signature: ${id}\n`)],
    ['a tag without a boundary', onePart('multipart/mixed', `text\n${tag}\n`)],
  ])('in %s', async (_, message) => {
    expect(await find(message)).toEqual([id]);
    expect(await find(withCrlf(Buffer.from(message)))).toEqual([id]);
  });

  test('with the number of a group', async () => {
    expect(await find(`X-DSPAM-Signature: ${other}\n\n!DSPAM:${other}!\n`)).toEqual([other, other]);
  });

  test('those of the text are behind those of parts, and the own field is behind all', async () => {
    const message = onePart(
      `multipart/mixed; boundary=b\nX-DSPAM-Signature: 000000001`,
      `--b\n\n!DSPAM:000000003!\nX-DSPAM-Signature: 000000002\n--b\nX-DSPAM-Signature: 000000004\n\n--b--\n`,
    );
    expect(await find(message)).toEqual(['000000004', '000000002', '000000003', '000000001']);
  });

  test.each([
    'X-DSPAM-Signature: N/A\n\ntext',
    `Subject: X-DSPAM-Signature: ${id}\n\ntext`,
    'X-DSPAM-Signature: 6b036030\n\n!DSPAM:6b036030!',
    'Subject: one\n\n!DSPAM:6B036030556!\n!DSPAM:xyz!\n!dspam:6b0360305561!\n!DSPAM:6b0360305561\n',
    `Subject: one\n\n!DSPAM:6b036030${'1'.repeat(200)}!\n`,
    `Content-Type: application/octet-stream\n\n${tag}`,
  ])('none in %j', async (message) => {
    expect(await find(message)).toEqual([]);
  });
});

describe('a text without tags', () => {
  test.each([
    [`one\n${tag}\ntwo`, 'one\ntwo'],
    [`one\n> > ${tag} \ntwo`, 'one\ntwo'],
    [`one ${tag}two`, 'one two'],
    [`${tag}${tag}`, ''],
    [`one\n\n${tag}\n`, 'one\n\n'],
    ['!DSPAM:no! > stays', '!DSPAM:no! > stays'],
    ['> \n> ', '> \n> '],
    [`!DSPAM:${tag}`, '!DSPAM:'],
  ])('%j', (text, wanted) => {
    expect(withoutTags(text)).toBe(wanted);
  });

  test('is left as it is where there are none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(withoutTags(text)).toBe(text);
      }),
    );
  });

  test('is what a message says', async () => {
    expect((await read(onePart('text/plain', `one\n${tag}\n`))).text).toBe('one\n');
    const html = await read(onePart('text/html', `<p>one</p><p hidden>two ${tag}</p>${tag}`));
    expect(html.text.trim()).toBe('one');
    expect(html.hidden.trim()).toBe('two');
  });
});
