/** Whose mail a blocklist takes for spam. */
import { expect, test } from 'vitest';
import { checkSettings } from '../../src/config/settings.ts';
import { isBlocklisted } from '../../src/judge/blocklist.ts';
import { readMessage } from '../../src/judge/reading.ts';

const settings = checkSettings({ blocklist: 'Example.COM, ads.example.org' }, 'test');

test.each([
  ['joe@example.com', true],
  ['Joe <joe@EXAMPLE.com>', true],
  ['"ann@example.net" <joe@example.com.>', true],
  ['=?utf-8?q?J=C3=BC?= <joe@ads.example.org> (ads)', true],
  ['joe@example.com (Joe)', true],
  ['joe@mail.example.com', false],
  ['joe@example.com.example.net', false],
  ['"joe@example.com" <ann@example.net>', false],
  ['joe', false],
  ['', false],
])('From: %s', async (from, blocked) => {
  const { content } = await readMessage(Buffer.from(`Subject: x\nFrom: ${from}\n\nexample.com\n`));
  expect(isBlocklisted(content, settings)).toBe(blocked);
  expect(isBlocklisted(content, { blocklist: [] })).toBe(false);
});

test('a message without From is nobody’s', async () => {
  const { content } = await readMessage(Buffer.from('Reply-To: joe@example.com\n\nText\n'));
  expect(isBlocklisted(content, settings)).toBe(false);
});
