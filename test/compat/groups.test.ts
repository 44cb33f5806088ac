/** DSPAM's groups, from its group file, by both ways to the filter. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { capture, masked, numberless } from './capture.ts';
import { mail, numbered, signatureIn, Site, user } from './site.ts';

const site = new Site();
const ham = mail['ham1.eml'] ?? '';
const spam = mail['spam1.eml'] ?? '';

function groups(...lines: string[]): void {
  writeFileSync(`${site.place.home}/group`, `# groups\n\n${lines.join('\n')}\n`);
}

function teach(name: string, messages = 12): void {
  for (const [as, message] of [
    ['spam', spam],
    ['innocent', ham],
  ] as const) {
    const corpus = ['dspam', '--user', name, '--source=corpus', `--class=${as}`];
    for (let n = 0; n < messages; n++) site.run(corpus, numbered(message, n));
  }
}

let next = 1000;
function verdict(name: string, program = 'dspam', words: readonly string[] = ['--classify']): string {
  const { stdout } = site.run([program, '--user', name, ...words], numbered(spam, ++next));
  return stdout.split('result="')[1]?.split('"')[0] ?? '';
}

beforeAll(async () => {
  await site.begin({ daemon: true });
  teach('taught');
});
afterEach(() => {
  groups();
});
afterAll(async () => {
  await site.end();
});

describe.each(['dspam', 'dspamc'])('by %s', (program) => {
  const member = `member-${program}`;

  test('shared: what one learns, all know; the line names the user', () => {
    groups(`pool-${program}:shared:${member},other-${program},*@${program}.test`);
    teach(`other-${program}`);
    for (const name of [member, `anybody@${program}.test`]) {
      expect(verdict(name, program)).toBe('Spam');
      const { stdout } = site.run([program, '--user', name, '--classify'], spam);
      expect(stdout.startsWith(`X-DSPAM-Result: ${name}; `)).toBe(true);
    }
    expect(verdict(`stranger-${program}`, program)).toBe('Innocent');
    expect(site.place.run(['users', 'list']).stdout).toContain(`pool-${program}\n`);
    const id = signatureIn(
      site.run([program, '--user', member, '--deliver=summary'], numbered(spam, ++next)),
    );
    const retrain = ['--class=innocent', '--source=error', `--signature=${id}`];
    expect(site.run([program, '--user', `other-${program}`, ...retrain]).status).toBe(0);
  });

  test('merged: what the group learned lies under what a member learns', () => {
    groups('taught:merged:*,-struck,-*@out.test');
    expect(verdict(member, program)).toBe('Spam');
    expect(verdict('struck', program)).toBe('Innocent');
    expect(verdict('joe@out.test', program)).toBe('Innocent');
    const before = site.run(['dspam_dump', 'taught', 'viagra']).stdout;
    expect(verdict(member, program, ['--deliver=summary'])).toBe('Spam');
    expect(site.run(['dspam_dump', 'taught', 'viagra']).stdout).toBe(before);
    for (let n = 0; n < 30; n++) {
      const corpus = ['--class=innocent', '--source=corpus'];
      site.run([program, '--user', `own-${program}`, ...corpus], numbered(spam, ++next));
    }
    expect(verdict(`own-${program}`, program)).toBe('Innocent');
  });

  test('inoculation: what one corrects is taught the others', () => {
    const other = `friend-${program}`;
    groups(`circle:inoculation:${member},${other},nobody-${program}`);
    const innocent = ['--class=innocent', '--source=corpus'];
    for (const name of [member, other])
      for (let n = 0; n < 3; n++) site.run([program, '--user', name, ...innocent], numbered(ham, ++next));
    const id = signatureIn(site.run([program, '--user', member, '--deliver=summary'], numbered(ham, ++next)));
    const corrected = site.run([
      program,
      '--user',
      member,
      '--class=spam',
      '--source=error',
      `--signature=${id}`,
    ]);
    expect(corrected).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(site.run(['dspam_stats', other]).stdout).toContain('SC:     1 ');
    expect(site.place.run(['users', 'list']).stdout).not.toContain(`nobody-${program}`);
    // Told again, it is taught no more.
    site.run([program, '--user', member, '--class=spam', '--source=error', `--signature=${id}`]);
    expect(site.run(['dspam_stats', other]).stdout).toContain('SC:     1 ');
  });

  test('classification: who is new asks the site; who does not ask does not', () => {
    groups('net:classification:*taught');
    const name = `new-${program}`;
    expect(verdict(name, program)).toBe('Spam');
    expect(verdict(name, program, ['--deliver=summary'])).toBe('Spam');
    const { stdout } = site.run([program, '--user', name, '--deliver=stdout'], numbered(spam, ++next));
    expect(stdout).toContain('\nX-DSPAM-Result: Spam\n');
    groups();
    expect(verdict(name, program)).toBe('Innocent');
  });

  test('groups ignored by classify: it says what delivery says', () => {
    groups(`pool:shared:${member}`, 'taught:merged:*');
    expect(verdict(member, program)).toBe(verdict(member, program, ['--deliver=summary']));
    expect(verdict('x@example.net', program)).toBe(verdict('x@example.net', program, ['--deliver=summary']));
  });

  test('a managed group has one quarantine', () => {
    const group = `team-${program}`;
    groups(`${group}:shared,managed:*@${program}.team`);
    teach(`a@${program}.team`);
    const only = [program, '--user', `b@${program}.team`, '--deliver=innocent', '--stdout'];
    expect(site.run(only, numbered(spam, ++next))).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(site.quarantine(group)).toHaveLength(1);
    expect(site.quarantine(group)[0]).toContain(`\nX-DSPAM-User: b@${program}.team\n`);
  });

  test('a user can leave groups alone', () => {
    groups('taught:merged:*');
    const name = `loner-${program}`;
    site.place.run(['prefs', 'set', 'ignoreGroups', 'on', `--user=${name}`]);
    expect(verdict(name, program)).toBe('Innocent');
    site.place.run(['prefs', 'unset', 'ignoreGroups', `--user=${name}`]);
    expect(verdict(name, program)).toBe('Spam');
  });

  test('a user who is struck out, and one in two groups, do not loop for ever', () => {
    groups('taught:merged:-loop,*', 'other:merged:loop,*', 'third:merged:loop', 'taught2:shared:-loop,loop');
    expect(verdict('loop', program)).toBe('Innocent');
    expect(verdict('taught', program)).toBe('Spam');
  });

  test('a line that is none is told, and mail goes on', () => {
    groups('nonsense', 'taught:merged:*', 'what:ever:*');
    const { stdout, stderr } = site.run(['dspam', '--user', member, '--classify'], numbered(spam, ++next));
    expect(stdout).toContain('result="Spam"');
    expect(stderr).toMatch(/group:3: this is no line of a group/);
    expect(stderr).toMatch(/group:5: this is no line of a group/);
  });
});

describe("tamis' own model", () => {
  const own = (...words: string[]): string =>
    site.run(['dspam', '--set', 'engine=tamis', ...words], numbered(spam, ++next)).stdout;
  beforeAll(() => {
    groups('pool:shared:sharer');
    const folder = site.place.path('spams');
    mkdirSync(folder);
    for (let n = 0; n < 20; n++) writeFileSync(`${folder}/${n}`, numbered(spam, n), 'latin1');
    for (const name of ['sharer', 'below'])
      site.place.run(['train', '--set', 'engine=tamis', `--user=${name}`, `--spam=${folder}`]);
  });
  test('train teaches a shared group', () => {
    groups('pool:shared:sharer,partner');
    expect(own('--user', 'partner', '--classify')).toContain('result="Spam"');
    const { stdout } = site.place.run(['explain', '--user=partner', '--json', '--set', 'engine=tamis'], {
      stdin: spam,
    });
    expect(JSON.parse(stdout)).toMatchObject({ user: 'partner', known: true, result: 'Spam' });
  });
  test('classification: who is unsure asks the others', () => {
    expect(own('--user', 'asker', '--classify')).toContain('result="Innocent"');
    groups('net:classification:asker,nobody,below');
    expect(own('--user', 'asker', '--classify')).toContain('result="Spam"');
    expect(own('--user', 'asker', '--deliver=summary')).toContain('result="Spam"');
    groups('net:classification:asker,nobody');
    expect(own('--user', 'someone', '--classify')).toContain('result="Innocent"');
  });
  test('merged', () => {
    groups('below:merged:above');
    expect(own('--user', 'above', '--classify')).toContain('result="Spam"');
    expect(own('--user', 'beside', '--classify')).toContain('result="Innocent"');
  });
});

describe('recorded runs', () => {
  test('G1-merged; different: signatures have no number of the user, and the numbers are of another history', () => {
    groups('taught:merged:*');
    const number = (text: string): string => numberless(text.replace('signature=1,', 'signature='));
    expect(number(site.again('G1-merged').stdout)).toBe(number(capture('G1-merged').stdout));
    expect(capture('G1-merged').words).toContain(user);
  });
  test('W2-shared-group', () => {
    groups('fresh:shared:s1@example.org,s2@example.org');
    expect(masked(site.again('W2-shared-group').stdout)).toBe(masked(capture('W2-shared-group').stdout));
  });
  test('W3-managed-spam; other numbers: another history', () => {
    groups('managed:shared,managed:*@managed.test');
    teach('u2@managed.test');
    expect(numberless(site.again('W3-managed-spam').stdout)).toBe(
      numberless(capture('W3-managed-spam').stdout),
    );
  });
});
