import { describe, expect, test } from 'vitest';
import { footerEdits } from '../../src/filter/footer.ts';
import { decodedParts, inLines, isTagged, tag, taggedText } from './decoded.ts';

/** A message of one part. */
function single(fields: string, body: string): string {
  return `From: a@example.org\nContent-Type: ${fields}\n\n${body}`;
}

/** A message of parts, each with its header lines, an empty line, and its body. */
function multipart(parts: readonly string[], subtype = 'mixed'): string {
  const inner = parts.map((part) => `--b\n${part}\n`).join('');
  return `From: a@example.org\nContent-Type: multipart/${subtype}; boundary=b\n\n${inner}--b--\n`;
}

const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

/** Cases of a body as it is and as it is to be, for one kind of part. */
function bodies(
  fields: string,
  cases: readonly (readonly [name: string, body: string, out: string])[],
): void {
  test.each(cases)('%s', async (_, body, out) => {
    expect(await taggedText(single(fields, body))).toBe(single(fields, out));
    expect(await taggedText(crlf(single(fields, body)))).toBe(crlf(single(fields, out)));
  });
}

/** Expects that a message stays as it is. */
async function stays(message: string, complete = true): Promise<void> {
  expect(await taggedText(message, complete)).toBe(message);
}

describe('text/plain', () => {
  bodies('text/plain', [
    ['a line', 'Hello\n', `Hello\n\n${tag}\n`],
    ['no final line end', 'Hello', `Hello\n\n${tag}`],
    ['an empty line at the end', 'Hello\n\n', `Hello\n\n\n${tag}\n`],
    ['no body', '', `\n${tag}\n`],
    ['8-bit and NUL bytes', 'H\xe9llo\0\n', `H\xe9llo\0\n\n${tag}\n`],
    ['a lone dot', '.\n', `.\n\n${tag}\n`],
    ['an old tag', '!DSPAM:6b03!\n', `!DSPAM:6b03!\n\n${tag}\n`],
  ]);

  test('no Content-Type, an mbox line, no field at all', async () => {
    for (const header of ['Subject: x\n', 'From a@b Thu Aug 22 12:36:23 2002\nSubject: x\n', '']) {
      expect(await taggedText(`${header}\nHello\n`)).toBe(`${header}\nHello\n\n${tag}\n`);
    }
  });

  test('mixed line ends: as the last line has it, else as the header has it', async () => {
    expect(await taggedText('Subject: x\r\n\r\na\r\nb\n')).toBe(`Subject: x\r\n\r\na\r\nb\n\n${tag}\n`);
    expect(await taggedText('Subject: x\n\na\nb\r\n')).toBe(`Subject: x\n\na\nb\r\n\r\n${tag}\r\n`);
    expect(await taggedText('Subject: x\n\r\na')).toBe(`Subject: x\n\r\na\r\n\r\n${tag}`);
  });

  test('a flowed paragraph does not take the tag in', async () => {
    const message = single('text/plain; format=flowed', 'one \ntwo ');
    expect(await taggedText(message)).toBe(`${message}\n\n${tag}`);
  });

  test('a header block without an end has no body', async () => {
    await stays('Subject: x\nContent-Type: text/plain\n');
    await stays('Subject: x');
    await stays('');
  });
});

describe('text/html', () => {
  const line = `\n${tag}\n`;
  bodies('text/html', [
    ['before </body', '<html><body>Hi</body></html>\n', `<html><body>Hi${line}</body></html>\n`],
    ['before the last one, in any case', 'a</body>b</BoDy >c', `a</body>b${line}</BoDy >c`],
    ['before </html', '<p>Hi</HTML>\n', `<p>Hi${line}</HTML>\n`],
    ['at the end', '<p>Hi\n', `<p>Hi\n${line}`],
    ['at the end without a line end', '<p>Hi', `<p>Hi\n\n${tag}`],
    ['8-bit letters do not shift it', '\xc0\xdd\xdf\xff</BODY>', `\xc0\xdd\xdf\xff${line}</BODY>`],
  ]);
});

describe('quoted-printable', () => {
  const line = `\n${tag}\n`;
  describe('text/plain', () => {
    bodies('text/plain\nContent-Transfer-Encoding: quoted-printable', [
      ['a line', 'caf=E9\n', `caf=E9\n${line}`],
      ['no final line end', 'caf=E9', `caf=E9\n\n${tag}`],
      ['a soft line break at the end', 'caf=E9=\n', `caf=E9=\n\n\n${tag}`],
      ['a soft line break without its line end', 'caf=E9=', `caf=E9=\n\n\n${tag}`],
      ['and with blanks', 'caf=E9= \t', `caf=E9= \t\n\n\n${tag}`],
      ['blanks that do not count', 'caf=E9  ', `caf=E9  \n\n${tag}`],
      ['an escape that is cut off', 'caf=E', 'caf=E'],
      ['a = and a CR without its LF', 'caf=\r ', 'caf=\r '],
      ['one that is broken earlier', 'a=ZZb=\nc\n', `a=ZZb=\nc\n${line}`],
    ]);
  });
  describe('text/html', () => {
    bodies('text/html\nContent-Transfer-Encoding: quoted-printable', [
      ['before </body', '<b>=E9</body>\n', `<b>=E9${line}</body>\n`],
      ['broken by a soft line break', 'x</bo=\ndy>\n', `x${line}</bo=\ndy>\n`],
      ['written in escapes', 'x=3C/=62ody=3E\n', `x${line}=3C/=62ody=3E\n`],
      ['behind a soft line break', 'x=\n</body>\n', `x=\n${line}</body>\n`],
      ['a blank before it stays', 'x </body>\n', `x =\n${line}</body>\n`],
      ['an unescaped = before it', 'x=</body></html>\n', `x=</body>${line}</html>\n`],
    ]);
  });
});

describe('base64', () => {
  const fields = 'Content-Transfer-Encoding: base64';

  test.each(['', 'a', 'ab', 'abc', 'abcd\n', 'a\r\nb\r\n', 'x'.repeat(56), 'x'.repeat(57), 'x'.repeat(400)])(
    'text/plain of %j: all but the last group stays, lines are at most 76 long',
    async (text) => {
      const encoded = inLines(base64(text), 76).join('\n');
      const message = single(`text/plain\n${fields}`, `${encoded}\n`);
      const out = await taggedText(message);
      const [part] = (await decodedParts(Buffer.from(out, 'latin1'))) ?? [];
      expect(isTagged(part?.text ?? '', text)).toBe(true);
      const kept = Math.floor(text.length / 3) * 4;
      expect(out.startsWith(message.slice(0, message.length - encoded.length - 1 + kept))).toBe(true);
      expect(out.endsWith('\n')).toBe(true);
      expect(Math.max(...out.split('\n').map((one) => one.length))).toBeLessThanOrEqual(76);
    },
  );

  test('text/html: anew from the group of </body on', async () => {
    const encoded = (html: string): string => inLines(base64(html), 76).join('\n');
    const message = single(`text/html\n${fields}`, encoded('<p>Hello, you</p></body></html>\n'));
    const out = single(`text/html\n${fields}`, encoded(`<p>Hello, you</p>\n${tag}\n</body></html>\n`));
    expect(await taggedText(message)).toBe(out);
  });

  test('lines end as the lines of base64 do, the text as the text does', async () => {
    const body = `${base64('x\ny\n'.repeat(30))}\n${base64('one')}\n`;
    const out = await taggedText(crlf(single(`text/plain\n${fields}`, body)));
    expect(out.replaceAll('\r\n', '')).not.toContain('\n');
    const [part] = (await decodedParts(Buffer.from(out, 'latin1'))) ?? [];
    expect(part?.text).toBe(`${'x\ny\n'.repeat(30)}one\n\n${tag}`);
  });

  test('one long line stays one', async () => {
    const encoded = base64('x'.repeat(300));
    const out = await taggedText(single(`text/plain\n${fields}`, encoded));
    expect(out).toBe(single(`text/plain\n${fields}`, `${encoded}\n${base64(`\n\n${tag}`)}`));
  });

  test.each([
    ['cut off in a group', 'YWJjZGV\n'],
    ['junk', 'YWJj!GVm\n'],
    ['padding in the middle', 'YQ==YWJj\n'],
    ['too much padding', 'Y===\n'],
    ['a text behind it', 'YWJj\n\n____\nlist@example.org\n'],
    ['the alphabet of URLs', 'YW-_\n'],
  ])('no tag: %s', async (_, body) => {
    await stays(single(`text/plain\n${fields}`, body));
  });
});

describe('which parts', () => {
  const plain = 'Content-Type: text/plain\n\nHello';
  const tagged = `Content-Type: text/plain\n\nHello\n\n${tag}`;

  test('each text part, with the boundary where it was', async () => {
    const html = 'Content-Type: text/html\n\n<body>Hi</body>\n';
    expect(await taggedText(multipart([plain, html], 'alternative'))).toBe(
      multipart([tagged, html.replace('</body>', `\n${tag}\n</body>`)], 'alternative'),
    );
  });

  test('neither attachments, nor empty parts, nor other types, nor attached messages', async () => {
    const others = [
      'Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nHello',
      'Content-Type: text/plain\n\n',
      'Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n\n',
      'Content-Type: text/calendar\n\nHello',
      'Content-Type: message/rfc822\n\nSubject: x\n\nHello',
      'Content-Type: message/rfc822\nContent-Disposition: inline\n\nSubject: x\n\nHello',
      'Content-Type: message/partial; id=a; number=1\n\nSubject: x\n\nHello',
      'Content-Type: message/external-body; access-type=ftp\n\nContent-Type: text/plain\n\n',
      'Content-Type: text/plain\n',
    ];
    expect(await taggedText(multipart([plain, ...others]))).toBe(multipart([tagged, ...others]));
  });

  test('in a digest, a part without a type is a message', async () => {
    const message = '\nSubject: x\n\nHello';
    expect(await taggedText(multipart([message, plain], 'digest'))).toBe(
      multipart([message, tagged], 'digest'),
    );
  });

  test('in an inner multipart that is not closed, and in one that is cut off', async () => {
    const inner = `Content-Type: multipart/alternative; boundary=i\n\n--i\n${plain}`;
    const cut = multipart([inner]).replace('--b--\n', '');
    expect(await taggedText(multipart([inner]))).toBe(multipart([inner.replace(plain, tagged)]));
    expect(await taggedText(cut)).toBe(cut.replace('Hello\n', `Hello\n\n${tag}\n`));
  });

  test.each([
    'Content-Transfer-Encoding: x-uuencode',
    'Content-Transfer-Encoding: "base64"',
    'Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64',
    'Content-Type: text/html',
  ])('no tag where the encoding is unknown or a field stands twice: %s', async (field) => {
    await stays(single(`text/plain\n${field}`, 'Hello\n'));
  });

  test.each([
    'utf-16',
    'UTF-16LE',
    'utf-32be',
    'utf-7',
    'unicode-1-1-utf-7',
    'hz-gb-2312',
    'ISO-10646-UCS-2',
    'cp037',
  ])('no tag in %s', async (charset) => {
    await stays(single(`text/plain; charset="${charset}"`, 'Hello\n'));
  });

  test.each(['utf-8', 'iso-8859-15', 'gb18030', 'shift_jis', 'koi8-r', 'x-unknown', 'windows-1252'])(
    'a tag in %s',
    async (charset) => {
      expect(await taggedText(single(`text/plain; charset=${charset}`, 'Hello\n'))).toContain(tag);
    },
  );

  test('no tag behind a byte order mark of UTF-16, whatever is declared', async () => {
    await stays(single('text/plain', '\xff\xfeH\0i\0\n\0'));
    await stays(single('text/plain\nContent-Transfer-Encoding: base64', base64('\xfe\xff\0H\0i')));
  });

  test('ISO 2022: only where ASCII is in force', async () => {
    const fields = 'text/plain; charset=iso-2022-jp';
    const closed = '\x1b$B$3$s\x1b(B\n';
    expect(await taggedText(single(fields, closed))).toBe(single(fields, `${closed}\n${tag}\n`));
    await stays(single(fields, '\x1b$B$3$s\n'));
    await stays(single('text/plain', '\x1b$)C\n'));
    await stays(single('text/plain', '\x0e0!\n'));
    expect(await taggedText(single('text/plain', '\x0e0!\x0f\n'))).toContain(tag);
  });

  test('neither more than 100 text parts nor more than mailsplit reads', async () => {
    expect(await taggedText(multipart(Array<string>(100).fill(plain)))).toContain(tag);
    await stays(multipart(Array<string>(101).fill(plain)));
    await stays(multipart(Array<string>(1100).fill('Content-Type: image/png\n\nx')));
  });
});

describe('signed and encrypted mail', () => {
  const plain = 'Content-Type: text/plain\n\nHello';
  const signed = 'Content-Type: multipart/signed; boundary=s\n\n--s\n\nHello\n--s--';

  test.each([
    ['multipart/signed', multipart([plain], 'signed')],
    ['multipart/encrypted', multipart([plain], 'Encrypted')],
    ['a signed part beside', multipart([plain, signed])],
    ['a signed part that is cut off', multipart([plain, signed]).slice(0, -20)],
    ['S/MIME beside', multipart([plain, 'Content-Type: application/pkcs7-mime\n\nx'])],
    ['its old name', multipart([plain, 'Content-Type: application/x-pkcs7-mime\n\nx'])],
    ['a detached signature', multipart([plain, 'Content-Type: application/pgp-signature\n\nx'])],
    ['PGP in the text', single('text/plain', 'Hi\n-----BEGIN PGP SIGNED MESSAGE-----\nHello\n')],
    ['PGP beside', multipart([plain, 'Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n'])],
    [
      'PGP in an attached text',
      multipart([
        plain,
        'Content-Type: text/plain\nContent-Disposition: attachment\n\n-----BEGIN PGP MESSAGE-----\n',
      ]),
    ],
    [
      'PGP in quoted-printable',
      single('text/plain\nContent-Transfer-Encoding: quoted-printable', '-----BEGIN=20PGP MESS=\nAGE-----\n'),
    ],
    [
      'PGP in base64, even broken',
      single('text/plain\nContent-Transfer-Encoding: base64', `${base64('-----BEGIN PGP MESSAGE-----')}!\n`),
    ],
  ])('%s: untouched', async (_, message) => {
    await stays(message);
    await stays(crlf(message));
  });

  test('signed mail that is attached does not protect what it is attached to', async () => {
    const attached = `Content-Type: message/rfc822\n\n${multipart([plain], 'signed')}`.replaceAll(
      '--b',
      '--c',
    );
    expect(await taggedText(multipart([plain, attached]))).toBe(multipart([`${plain}\n\n${tag}`, attached]));
  });
});

describe('a prefix', () => {
  const part = 'Content-Type: text/plain\n\nHello';
  const message = multipart([part, part]);

  test('a part gets its tag once the line of its boundary is there', async () => {
    for (let length = 0; length <= message.length; length++) {
      const out = await taggedText(message.slice(0, length), false);
      const closed = message.slice(0, length).split(/Hello\n--b(?:--)?\n/).length - 1;
      expect(out.split(tag).length - 1).toBe(closed);
      expect(out.replaceAll(`\n\n${tag}`, '')).toBe(message.slice(0, length));
    }
  });

  test('a single part that goes on gets none', async () => {
    await stays(single('text/plain', 'Hello\n'), false);
  });

  test('a prefix without a line end', async () => {
    await stays('Subject: x', false);
  });
});

describe('structure', () => {
  test('a line end does not make a boundary of the line before it', async () => {
    const html = 'Content-Type: text/html\n\n<body>\n--b--</body>\n</html>\nrest';
    expect(await taggedText(multipart([html, html]))).toBe(
      multipart(Array<string>(2).fill(html.replace('</html>', `\n${tag}\n</html>`))),
    );
    const stray = html.replace('--b--', '\r--b--');
    expect(await taggedText(multipart([stray]))).toBe(
      multipart([stray.replace('</html>', `\n${tag}\n</html>`)]),
    );
    const open = multipart(['Content-Type: text/plain\n\nHello']).slice(0, -4);
    await stays(`${open.slice(0, -1)}\n--b `);
  });

  test('a last line that only looks like one is no obstacle', async () => {
    const part = 'Content-Type: text/plain\n\nHello\n--Joe';
    expect(await taggedText(multipart([part]))).toBe(multipart([`${part}\n\n${tag}`]));
    expect(await taggedText(single('text/plain', '--Joe'))).toBe(single('text/plain', `--Joe\n\n${tag}`));
  });

  test('mail that mailsplit loses bytes of stays as it is', async () => {
    const part = 'Content-Type: text/plain\n\nHello';
    await stays(multipart([part, 'Content-Type: text/plain', part]));
  });

  test('a text part with a boundary stays as it is', async () => {
    await stays(single('text/plain; boundary=b', 'Hello\n--b\n\nthere\n--b--\n'));
    await stays(single('text/plain; boundary=b', 'Hello\n--b--\nthere\n'));
    await stays(single('text/plain; boundary=b', 'Hello\n--b--\n'));
  });

  test('the edits lie behind the header block and do not overlap', async () => {
    const message = multipart(Array<string>(5).fill('Content-Type: text/plain\n\nHello'));
    const edits = await footerEdits(Buffer.from(message), { tag, complete: true });
    expect(edits).toHaveLength(5);
    let at = message.indexOf('\n\n') + 2;
    for (const { start, end } of edits) {
      expect(start).toBeGreaterThanOrEqual(at);
      at = end;
    }
  });
});
