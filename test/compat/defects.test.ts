/** Defects of DSPAM 3.10.2 that are not inherited: a test for each, named after it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mail, numbered, signatureIn, Site, user } from './site.ts';

const site = new Site();
const ham = mail['ham1.eml'] ?? '';
const spam = mail['spam1.eml'] ?? '';
beforeAll(async () => {
  await site.begin({ daemon: true });
  for (const [as, message] of [
    ['spam', spam],
    ['innocent', ham],
  ] as const) {
    const corpus = ['dspam', '--user', user, '--source=corpus', `--class=${as}`];
    for (let n = 0; n < 6; n++) site.run(corpus, numbered(message, n));
  }
});
afterAll(async () => {
  await site.end();
});

/** Both ways to the filter. */
const programs = ['dspam', 'dspamc'] as const;
const stdout = ['--user', user, '--deliver=stdout'];
const body = (message: string): string => message.slice(message.indexOf('\n\n'));

describe.each(programs)('%s', (program) => {
  test('a lone `.` line cuts the message off', () => {
    const message = numbered(`${ham}\n.\n..\nmore\n`, 10);
    expect(body(site.run([program, ...stdout], message).stdout)).toBe(body(message));
  });

  test('a failed retrain hangs the client, and is told as a success', () => {
    const retrain = ['--user', user, '--class=spam', '--source=error', '--signature=0123456712345678'];
    const { status, stderr } = site.run([program, ...retrain, '--deliver=summary'], '');
    expect(status).toBe(75);
    expect(stderr).toContain('0123456712345678');
    expect(site.run([program, ...retrain], '').status).toBe(75);
  });

  test('silence on stderr', () => {
    const wrong = ['--user', user, '--class=neither', '--source=error'];
    expect(site.run([program, ...wrong], ham).stderr).toContain('--class is spam or innocent');
    expect(site.run([program, ...stdout, '--mode=often'], ham)).toMatchObject({
      status: 0,
      stdout: ham,
      stderr: expect.stringContaining('--mode is') as string,
    });
  });

  test('NUL bytes eat what follows them on the line', () => {
    const message = numbered(`${ham}before\0after\nnext\0\n`, 11);
    expect(body(site.run([program, ...stdout], message).stdout)).toBe(body(message));
  });

  test('retraining twice with one signature counts twice', () => {
    const id = signatureIn(site.run([program, ...stdout], numbered(ham, program.length)));
    const figures = (): string => site.run(['dspam_stats', user]).stdout;
    const retrain = [program, '--user', user, '--class=spam', '--source=error', `--signature=${id}`];
    const before = figures();
    expect(site.run(retrain).status).toBe(0);
    const once = figures();
    expect(once).not.toBe(before);
    expect(site.run(retrain).status).toBe(0);
    expect(figures()).toBe(once);
    site.run([program, '--user', user, '--class=innocent', '--source=error', `--signature=${id}`]);
  });

  test('forged header lines are kept, above ours', () => {
    const forged =
      'X-DSPAM-Result: Whitelisted\nX-Dspam-Confidence: 1.0\n folded\nX-DSPAM-Signature: 12345678123456\n';
    const out = site.run([program, ...stdout], `${forged}${numbered(ham, 12)}`).stdout;
    expect(out.match(/^X-DSPAM-Result: .*$/gim)).toEqual(['X-DSPAM-Result: Innocent']);
    expect(out).not.toContain('folded');
    expect(out).not.toContain('12345678123456');
  });

  test('a folded From is never whitelisted', () => {
    const name = `${program}@example.org`;
    const folded = ham.replace('From: Alice Smith <', 'From: Alice Smith\n <');
    expect(folded).not.toBe(ham);
    const corpus = ['dspam', '--user', name, '--class=innocent', '--source=corpus'];
    for (let n = 0; n < 12; n++) site.run(corpus, numbered(folded, n));
    const { stdout: line } = site.run([program, '--user', name, '--classify'], numbered(folded, 99));
    expect(line).toContain('class="Whitelisted"');
  });
});
