/** What a command line says for its message alone, by the filter and by the daemon: `--feature`, `--mode`, and a detail in the name of the user. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mail, numbered, Site, user } from './site.ts';

const site = new Site();
const ham = mail['ham1.eml'] ?? '';
const spam = mail['spam1.eml'] ?? '';
const learn = (kind: string, message: string): void => {
  site.run(['dspam', '--user', user, `--class=${kind}`, '--source=corpus'], message);
};
beforeAll(async () => {
  await site.begin({ daemon: true, more: 'recipientDelimiter = "+-"' });
  for (let i = 0; i < 12; i++) learn('innocent', numbered(ham, i));
  for (let i = 0; i < 12; i++) learn('spam', numbered(spam, i));
  site.run(['dspam', '--user', user, '--deliver=innocent', '--stdout'], numbered(spam, 600));
});
afterAll(async () => {
  await site.end();
});

const users = (): string => site.place.run(['users', 'list']).stdout;
const stats = (): string => site.run(['dspam_stats', user], '').stdout;

describe.each(['dspam', 'dspamc'])('%s', (program) => {
  const classOf = (...words: string[]): string | undefined =>
    site
      .run([program, '--user', user, '--classify', ...words], ham)
      .stdout.split('"')
      .at(3);

  test('--feature turns on what it names, and off what it does not', () => {
    expect(classOf()).toBe('Whitelisted');
    expect(classOf('--feature=wh,tb=3')).toBe('Whitelisted');
    expect(classOf('--feature=no')).toBe('Innocent');
    expect(classOf('--feature=tb=3', '--mode=toe')).toBe('Innocent');
  });

  test('--feature that is none is told, and nothing is printed', () => {
    const { status, stdout, stderr } = site.run(
      [program, '--user', user, '--classify', '--feature=tb=90'],
      ham,
    );
    expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
    expect(stderr).toContain('statisticalSedation');
  });

  test.each(['test+lists@example.org', 'test-x+y@example.org', 'Test+@example.org'])(
    'mail for %s is the user’s',
    (name) => {
      const message = numbered(spam, 700 + name.length + program.length);
      const before = [users(), site.quarantine().length, stats()];
      const { stdout } = site.run([program, '--user', name, '--classify'], message);
      expect(stdout).toMatch(/^X-DSPAM-Result: test@example\.org; result="Spam"/);
      site.run([program, '--user', name, '--deliver=innocent', '--stdout'], message);
      expect([users(), site.quarantine().length]).toEqual([before[0], Number(before[1]) + 1]);
      expect(stats()).not.toBe(before[2]);
      const corrected = site.run(
        [program, '--user', name, '--class=spam', '--source=error', '--deliver=summary'],
        message,
      );
      expect(corrected.stdout).toMatch(/^X-DSPAM-Result: test@example\.org; result="Spam"/);
    },
  );
});
