import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/message/fingerprint.ts';
import { read, withCrlf } from './message.ts';

async function identity(message: Uint8Array | string): Promise<string> {
  return fingerprint(await read(message)).toString('hex');
}

const tag = '!DSPAM:6b0360305561389116552!';

/** Messages of several shapes, as their sender wrote them. */
const shapes: Readonly<Record<string, (text: string, tagged: boolean) => string>> = {
  plain: (text, tagged) => `\n${text}\n${tagged ? `\n${tag}\n` : ''}`,
  html: (text, tagged) =>
    `Content-Type: text/html\n\n<html><body><p>${text}</p>\n${tagged ? `${tag}\n` : ''}</body></html>\n`,
  'quoted-printable': (text, tagged) =>
    `Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n${text.replaceAll('=', '=3D')}=\n.\n${tagged ? `\n${tag}\n` : ''}`,
  base64: (text, tagged) =>
    `Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n${Buffer.from(text + (tagged ? `\n${tag}\n` : '\n')).toString('base64')}\n`,
  alternative: (text, tagged) =>
    `Content-Type: multipart/alternative; boundary=b\n\n--b\n\n${text}\n${tagged ? `\n${tag}\n` : ''}\n--b\nContent-Type: text/html\n\n<p>${text}</p>\n${tagged ? `${tag}\n` : ''}\n--b--\n`,
};

/** What delivery does to a message, in the order in which it is done; each leaves it the same message. */
const deliveries: Readonly<Record<string, (message: string) => string>> = {
  'a return path': (message) => `Return-Path: <anna@example.org>\n${message}`,
  'an address': (message) => `Delivered-To: joe@example.com\nX-Original-To: joe@example.com\n${message}`,
  'a hop': (message) =>
    `Received: from mx.example.net (mx.example.net [198.51.100.9])\n\tby mail.example.com; Tue, 10 Mar 2026\n${message}`,
  'a hop inside': (message) =>
    `Received: (qmail 123 invoked by uid 89); 10 Mar 2026 08:15:02 -0000\n${message}`,
  'a status': (message) =>
    message.replace(
      'Subject:',
      'Status: RO\nX-Status: A\nX-UID: 17\nX-Keywords: \nContent-Length: 100\nLines: 3\nSubject:',
    ),
  'a verdict': (message) =>
    message.replace(
      'Subject:',
      'X-DSPAM-Result: Spam\nX-DSPAM-Factors: 27,\n\tone, 0.99000,\n\ttwo, 0.01000\nSubject:',
    ),
  'an mbox line': (message) => `From anna@example.org Tue Mar 10 09:15:00 2026\n${message}`,
  'a second mbox line': (message) => message.replace(/^From .*\n/, '$&>From b@example.org Tue Mar 10\n'),
  'other line ends': (message) => withCrlf(Buffer.from(message)).toString(),
  'a final newline more': (message) => `${message}\n`,
  'no final newline': (message) => message.trimEnd(),
};

const text = fc.stringMatching(/^[\w ,.=äß€]{0,60}$/);

describe.each(Object.entries(shapes))('%s', (_, shape) => {
  test('is one message, whatever delivery does to it', async () => {
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        fc.boolean(),
        fc.subarray(Object.values(deliveries)),
        async (subject, said, tagged, done) => {
          const header = `From: anna@example.org\nSubject: ${subject}\n`;
          const seen = header + shape(said, false);
          const kept = done.reduce((message, deliver) => deliver(message), header + shape(said, tagged));
          expect(await identity(kept)).toBe(await identity(seen));
        },
      ),
    );
  });

  test('is another message with another subject or text', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (one, two) => {
        fc.pre(one.replace(/ +/g, ' ').trim() !== two.replace(/ +/g, ' ').trim());
        const of = async (subject: string, said: string): Promise<string> =>
          await identity(`From: anna@example.org\nSubject: ${subject}\n${shape(said, false)}`);
        expect(await of(one, 'said')).not.toBe(await of(two, 'said'));
        expect(await of('subject', one)).not.toBe(await of('subject', two));
      }),
    );
  });
});

test('16 bytes', async () => {
  expect(fingerprint(await read(''))).toHaveLength(16);
});

test.each([
  ['a field', 'X-More: one\n', 'X-More: two\n'],
  ['an address', 'To: a@example.com\n', 'Cc: a@example.com\n'],
  ['a date', 'Date: Tue, 10 Mar 2026 09:15:00 +0100\n', 'Date: Tue, 10 Mar 2026 09:15:01 +0100\n'],
])('another message by %s', async (_, one, two) => {
  expect(await identity(`${one}\ntext`)).not.toBe(await identity(`${two}\ntext`));
});

test('another message by hidden text and by the name of a file', async () => {
  const html = (word: string): string => `Content-Type: text/html\n\n<p>a</p><p hidden>${word}</p>`;
  expect(await identity(html('b'))).not.toBe(await identity(html('c')));
  const file = (name: string): string =>
    `Subject: one\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=${name}\n\nx\n--b--\n`;
  expect(await identity(file('a.pdf'))).not.toBe(await identity(file('b.pdf')));
});

test('the same message where an mbox has quoted its lines', async () => {
  expect(await identity('Subject: one\n\nHello\n>From here on\n')).toBe(
    await identity('Subject: one\n\nHello\nFrom here on\n'),
  );
});

test('the same message with a header block past what is looked at', async () => {
  const long = `Subject: one\n${`X-Long: ${'x'.repeat(900)}\n`.repeat(70)}X-End: yes\n\ntext\n`;
  const delivered = `Return-Path: <anna@example.org>\nReceived: from a\n\tby b\n${long}`;
  expect(await identity(delivered)).toBe(await identity(long));
});
