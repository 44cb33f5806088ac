import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, field, mail, withCrlf, withoutOurs } from '../cli/mail.ts';
import type { Daemon } from './daemon.ts';
import { send, started, transaction } from './lmtp-client.ts';

describe('LMTP to Maildirs', () => {
  let daemon: Daemon;
  const maildir = (...names: readonly string[]): string => daemon.place.path('mail', ...names);
  beforeAll(async () => {
    daemon = await started(
      ({ place }) =>
        `lmtpNext = "maildir:${place.path('mail')}/%d/%n"\nrecipientDelimiter = "+"\nspamFolder = ".Junk"\n`,
    );
    for (const part of ['cur', 'new', 'tmp'])
      mkdirSync(maildir('example.net/joe', part), { recursive: true });
  });
  afterAll(async () => {
    await daemon.remove();
  });
  const inside = (folder: string): string[] =>
    readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, 'latin1'));

  test('spam lies in its folder, all else in the inbox, with LF', async () => {
    const [spam, ham] = [advertisement('d1'), mail({ id: 'd2' })];
    const replies = await send(
      daemon,
      transaction(['Joe+watches@Example.NET'], withCrlf(spam)),
      transaction(['joe@example.net'], withCrlf(ham), '<>'),
    );
    expect(replies.filter((line) => line === '250 2.0.0 In the Maildir')).toHaveLength(2);
    const [junk] = inside(maildir('example.net/joe/.Junk/new'));
    const [inbox] = inside(maildir('example.net/joe/new'));
    expect([junk, inbox].map((one) => withoutOurs(one ?? ''))).toEqual([
      `Return-Path: <kim@example.org>\n${spam}`,
      `Return-Path: <>\n${ham}`,
    ]);
    expect(field(junk ?? '', 'X-DSPAM-Result')).toBe('Spam');
    expect(inside(maildir('example.net/joe/tmp'))).toEqual([]);
  });

  test.each([
    ['a line that continues none', ' none\n\tmore\nSubject: x\n\nbody\n', 12],
    ['an mbox line', 'From a@example.org Mon\nSubject: x\n\nbody\n', 23],
    ['another Return-Path', 'Return-Path: <other@example.org>\nSubject: x\n\nbody\n', 0],
    ['the empty line', '\nbody\n', 0],
    ['text', 'no field at all\n', 0],
    ['a folded forgery', 'X-DSPAM-Result:\n Spam\nSubject: x\n\n', 0],
  ])('the sender stands before all fields, whatever is first: %s', async (_, message, place) => {
    const before = new Set(readdirSync(maildir('example.net/joe/new')));
    await send(daemon, transaction(['joe@example.net'], withCrlf(message)));
    const [name = ''] = readdirSync(maildir('example.net/joe/new')).filter((one) => !before.has(one));
    const stored = withoutOurs(readFileSync(maildir('example.net/joe/new', name), 'latin1'));
    const whole = message.replace(/^X-DSPAM-Result:\n Spam\n/, '');
    expect(stored).toBe(`${whole.slice(0, place)}Return-Path: <kim@example.org>\n${whole.slice(place)}`);
  });

  test('no name climbs out, and a Maildir that is not there is tried again', async () => {
    const before = Object.keys(daemon.place.tree(daemon.place.folder)).filter(
      (name) => !name.includes('/home/'),
    );
    const hostile = [
      '..@example.net',
      '../joe@example.net',
      'x@..',
      'x@../example.net',
      '.Junk@example.net',
      'joe',
    ];
    const replies = await send(daemon, transaction([...hostile, 'jim@example.net'], 'Subject: x\r\n\r\n'));
    const [last, ...others] = replies.toReversed();
    expect(last).toMatch(/^451 4\.2\.0 .*is not a Maildir/);
    for (const reply of others.slice(0, hostile.length)) expect(reply).toMatch(/^550 5\.1\.1 /);
    const after = Object.keys(daemon.place.tree(daemon.place.folder)).filter(
      (name) => !name.includes('/home/'),
    );
    expect(after).toEqual(before);
  });
});
