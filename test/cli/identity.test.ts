/** What the filter saw and what lies in the Maildir afterwards are one message. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mail, withCrlf } from './mail.ts';
import { Place } from './tamis.ts';

let place: Place;
let before: string;
const message = mail({
  id: 'same',
  subject: '=?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
  fields: 'MIME-Version: 1.0\nContent-Type: multipart/alternative;\n boundary="=_b"\n',
  body:
    '--=_b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n\n' +
    '--=_b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\nPGI+R3LDvMOfZTwvYj4=\n--=_b--\n',
});
const stats = (): string => place.run(['stats', '--user=joe', '--json']).stdout;
const learn = (stdin: string): number | null =>
  place.run(['--user=joe', '--class=spam', '--source=corpus'], { stdin }).status;

beforeAll(() => {
  place = new Place();
  expect(learn(message)).toBe(0);
  before = stats();
  expect(JSON.parse(before)).toMatchObject({ spamLearned: 1 });
});
afterAll(() => {
  place.remove();
});

const received =
  'Received: (qmail 4711 invoked by uid 89); 22 Nov 2026 21:33:52 -0000\n' +
  'Received: from localhost (localhost [127.0.0.1])\n\tby mail.example.net (Postfix) with ESMTP id 4711\n\tfor <joe@example.net>; Sun, 22 Nov 2026 21:33:52 +0000 (UTC)\n';

/** What delivery does to a message. */
const changes: Record<string, (text: string) => string> = {
  'nothing at all': (text) => text,
  CRLF: withCrlf,
  'Return-Path and Delivered-To': (text) =>
    `Return-Path: <kim@example.org>\nDelivered-To: joe@example.net\nEnvelope-To: joe@example.net\n${text}`,
  'Received lines of the last hops': (text) => received + text,
  'an mbox line': (text) => `From kim@example.org Sun Nov 22 21:33:50 2026\n${text}`,
  'status fields': (text) => text.replace('Subject:', 'Status: RO\nX-Status: A\nX-UID: 4711\nSubject:'),
  'our lines': (text) => place.run(['--user=joe', '--deliver=stdout'], { stdin: text }).stdout,
  'our tags': (text) =>
    place.run(['--user=joe', '--deliver=stdout', '--set', 'signatureLocation=message'], { stdin: text })
      .stdout,
  'empty lines at the end': (text) => `${text}\n\n`,
};

/** Retraining by content, so that it is not the signature that finds the message again. */
const unsigned = (text: string): string =>
  text
    .replace(/^X-DSPAM-Signature: .*\r?\n/m, '')
    .replace(/!DSPAM:[\da-f]{24}!/g, '!DSPAM:0123456712345678!');

describe('learning it again counts nothing after', () => {
  test.each(Object.entries(changes))('%s', (_, change) => {
    const changed = unsigned(change(message));
    const counted = stats();
    expect(learn(changed)).toBe(0);
    expect(stats()).toBe(counted);
  });

  test('all of it together', () => {
    const changed = Object.values(changes).reduce((text, change) => unsigned(change(text)), message);
    const counted = stats();
    expect(learn(changed)).toBe(0);
    expect(stats()).toBe(counted);
  });
});

test('another message is another one', () => {
  expect(learn(message.replace('R3LDvMOfZTwvYj4=', 'R3LDvMOfZSE8L2I+'))).toBe(0);
  expect(learn(message.replace('<same@', '<other@'))).toBe(0);
  expect(JSON.parse(stats())).toMatchObject({ spamLearned: 3 });
});
