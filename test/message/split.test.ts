import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judged, splitMessage, type Split } from '../../src/message/split.ts';
import { onePart, read, withCrlf } from './message.ts';

function types(split: Split): string[] {
  return split.parts.flatMap(({ type, message }) => [
    type,
    ...(message === undefined ? [] : types(message).map((inner) => `> ${inner}`)),
  ]);
}

describe('the top of a message', () => {
  test('mbox lines are no fields, wherever line ends come from', async () => {
    const message = Buffer.from('From anna Tue Mar 10\n>From joe Tue Mar 10\nSubject: one\n\ntext\n');
    for (const bytes of [message, withCrlf(message)]) {
      const content = await read(bytes);
      expect(content.fields).toEqual([{ name: 'Subject', value: 'one' }]);
      expect(content.text).toBe('text\n');
    }
  });

  test('a field named From is one', async () => {
    expect((await read('From: anna@example.org\n\ntext')).fields).toHaveLength(1);
  });

  test.each([
    ['a line that is no field', 'just text\n\nmore: text\n', 'just text\n\nmore: text\n'],
    ['an empty line', '\nSubject: text\n', 'Subject: text\n'],
    ['a folded line', ' begins with a blank\nSubject: text\n', ' begins with a blank\nSubject: text\n'],
  ])('a message that begins with %s has no header block', async (_, message, text) => {
    const content = await read(message);
    expect(content.fields).toEqual([]);
    expect(content.text).toBe(text);
  });

  test('a line that is no field does not end the header block if an empty line does', async () => {
    const content = await read('Subject: one\nnonsense\nX-Two: two\n\ntext\n');
    expect(content.fields.map(({ name }) => name)).toEqual(['Subject', 'X-Two']);
    expect(content.text).toBe('text\n');
  });
});

describe('what is looked at', () => {
  test('of the body, so much, whatever is in the header block', async () => {
    const body = 'a'.repeat(judged.body) + 'behind';
    for (const header of ['Subject: one\n', `Subject: one\nX-More: ${'x'.repeat(1000)}\n`]) {
      const { text } = await read(`${header}\n${body}`);
      expect(text === 'a'.repeat(judged.body)).toBe(true);
    }
  });

  test('of the header block, whole fields, and those of the way beside', async () => {
    const line = `X-Long: ${'x'.repeat(1000)}\n`;
    const header = `${line.repeat(48)}X-Last: yes\n${line.repeat(10)}X-Behind: yes\n`;
    const way = `Received: by host\n\twith SMTP\nReturn-Path: <anna@example.org>\n`;
    for (const message of [`${header}\ntext\n`, `${way.repeat(100)}${header}\ntext\n`]) {
      const { fields, text } = await read(message);
      const names = fields.map(({ name }) => name).filter((name) => name.startsWith('X-'));
      expect(names).toEqual([...Array<string>(48).fill('X-Long'), 'X-Last']);
      expect(text).toBe('text\n');
    }
  });

  test('of a header block of one line, its beginning', async () => {
    const { fields, text } = await read(`Subject: ${'x'.repeat(100_000)}\n\nnot: a field\n`);
    expect(fields).toEqual([{ name: 'Subject', value: 'x'.repeat(judged.header - 'Subject: '.length) }]);
    expect(text).toBe('not: a field\n');
  });

  test('more than mailsplit can walk: what was seen before', async () => {
    const parts = Array.from({ length: 2000 }, (_, i) => `--b\n\npart ${i}\n`).join('');
    const content = await read(onePart('multipart/mixed; boundary=b', parts));
    expect(content.whole).toBe(false);
    expect(content.parts.length).toBeGreaterThan(900);
    expect(content.text).toContain('part 800\n');
  });
});

describe('parts', () => {
  test('an attached message is walked, encoded or not', async () => {
    const inner =
      'Subject: inner\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c\n\ntwo\n--c--\n';
    const plain = onePart('message/rfc822', inner);
    const encoded = onePart(
      'message/rfc822\nContent-Transfer-Encoding: base64',
      Buffer.from(inner.replaceAll('\n', '\r\n')).toString('base64'),
    );
    for (const message of [plain, encoded]) {
      expect(types(await splitMessage(message))).toEqual([
        'message/rfc822',
        '> multipart/mixed',
        '> text/plain',
        '> text/plain',
      ]);
      expect((await read(message)).parts.map(({ depth }) => depth)).toEqual([0, 1, 2, 2]);
    }
  });

  test('a part of a digest is a message', async () => {
    const split = await splitMessage(
      onePart(
        'multipart/digest; boundary=d',
        '--d\n\nSubject: one\n\ntext\n--d\nContent-Type: text/plain\n\nx\n--d--\n',
      ),
    );
    expect(types(split)).toEqual(['multipart/digest', 'message/rfc822', '> text/plain', 'text/plain']);
  });

  test('the input is left as it was', async () => {
    const bytes = withCrlf(onePart('text/plain', 'text\n'));
    const copy = Buffer.from(bytes);
    await read(bytes);
    expect(bytes).toEqual(copy);
  });
});

describe('a message that names no boundary', () => {
  /** Pieces that make a header block end, fold, or name a boundary. */
  const piece = fc.constantFrom(
    ...[
      'Subject: one\n',
      '\n',
      '\r\n',
      '\r',
      'text',
      ' folded\n',
      ':\n',
      '\0',
      'From joe\n',
      '--b\n',
      '--b--\n',
    ],
    ...['text/plain; boundary=b', 'multipart/mixed', 'multipart/mixed; boundary=b', 'message/rfc822'].map(
      (type) => `Content-Type: ${type}\n`,
    ),
    'Content-Disposition: attachment; filename=one.txt\n',
    'Content-Transfer-Encoding: base64\n',
  );

  test('is what a walk would see', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
        const message = pieces.join('');
        // A header block that is long is always walked.
        const long = `X-Long: ${'x'.repeat(20_000)}\n`;
        const [one, other] = [
          await splitMessage(Buffer.from(message)),
          await splitMessage(Buffer.from(long + message)),
        ];
        const seen = ({ parts, whole }: Split): unknown => [
          whole,
          parts.map((part) => ({ ...part, header: part.header.toString('latin1').replace(long, '') })),
        ];
        if (/^(?:From |>From )?[^\s:]+:/.test(message)) expect(seen(one)).toEqual(seen(other));
      }),
      { numRuns: 1000 },
    );
  });
});
