/** Users are whatever a mail host brings: their names are data, never paths or words of a shell. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, mail } from './mail.ts';
import { Place, utf8, type Outcome } from './tamis.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
});
afterAll(() => {
  place.remove();
});

function learn(user: string, id: string, ...more: string[]): Outcome {
  const stdin = advertisement(id);
  return place.run([`--user=${user}`, '--class=spam', '--source=corpus', ...more], { stdin });
}

/** The folders of all users. */
const folders = (): string[] => readdirSync(join(place.home, 'users'));
/** The names of all users. */
const names = (): string[] => JSON.parse(utf8(place.run(['users', 'list', '--json']).stdout)) as string[];
const learned = (user: string, ...more: string[]): unknown =>
  (JSON.parse(place.run(['stats', `--user=${user}`, '--json', ...more]).stdout) as Record<string, unknown>)[
    'spamLearned'
  ];

describe('hostile names', () => {
  const hostile = [
    '../../etc/x',
    '..',
    '.',
    '/etc/passwd',
    'a/b',
    'a%2fb',
    '$(id)',
    '`id`; rm -rf /',
    "o'neill@example.org",
    '-rf',
    '--classify',
    '.hidden',
    'con',
    '__proto__',
    'grüße@example.org',
    'a\nb',
    'l'.repeat(300),
    `${'l'.repeat(299)}m`,
    '\u{1f600}'.repeat(75),
  ];

  test('are safe and distinct', () => {
    const before = readdirSync(place.folder);
    for (const [i, user] of hostile.entries()) {
      for (let n = 0; n <= i % 3; n++) {
        const outcome = learn(user, `hostile-${n}`);
        expect({ user, ...outcome }).toMatchObject({ status: 0, stdout: '', stderr: '' });
      }
    }
    expect(names().sort()).toEqual(hostile.toSorted());
    for (const [i, user] of hostile.entries()) expect([user, learned(user)]).toEqual([user, 1 + (i % 3)]);
    expect(folders()).toHaveLength(hostile.length);
    for (const folder of folders()) expect(folder).toMatch(/^[\w@+=,%][\w@+=,.%-]{0,199}$/);
    expect(readdirSync(place.folder).sort()).toEqual([...new Set([...before, 'home'])].sort());
  });

  test('upper and lower case are one user, or two where the site says so', () => {
    learn('Joe@Example.ORG', 'case-1');
    learn('joe@example.org', 'case-2');
    expect(learned('JOE@example.org')).toBe(2);
    const told = ['--set', 'lowerCaseUsers=off'];
    learn('Joe@Example.ORG', 'case-3', ...told);
    expect(learned('Joe@Example.ORG', ...told)).toBe(1);
    expect(learned('joe@example.org', ...told)).toBe(2);
    const [one, two] = folders().filter((folder) => /xample/.test(folder));
    expect(one?.toLowerCase()).not.toBe(two?.toLowerCase());
  });

  test('an empty name is nobody', () => {
    const before = place.tree();
    expect(learn('', 'empty')).toMatchObject({ status: 75, stdout: '' });
    expect(place.run(['stats', '--user='])).toMatchObject({ status: 64, stdout: '' });
    expect(place.run(['users', 'add', ''])).toMatchObject({ status: 64, stdout: '' });
    const message = mail({ id: 'empty' });
    expect(place.run(['--user=', '--deliver=stdout'], { stdin: message })).toMatchObject({
      status: 0,
      stdout: message,
    });
    expect(place.tree()).toEqual(before);
  });
});

describe('tamis users', () => {
  test('adds, lists and removes', () => {
    const other = new Place();
    const users = (...args: string[]): Outcome => other.run(['users', ...args]);
    expect(users('list')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(users('list', '--json').stdout).toBe('[]\n');
    expect(users('add', 'Kim')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(users('add', '../joe').status).toBe(0);
    expect(users('add', 'kim').status).toBe(0);
    expect(users('add', 'a\u001b[31m\nb').status).toBe(0);
    expect(utf8(users('list').stdout)).toContain('a·[31m·b\n');
    expect(users('remove', 'a\u001b[31m\nb').status).toBe(0);
    expect(users('list').stdout).toBe('../joe\nkim\n');
    const signed = other.run(['--user=kim', '--deliver=stdout'], { stdin: mail({ id: 'kim' }) });
    expect(signed.stdout).toContain('\nX-DSPAM-Signature: ');
    expect(users('remove', '../joe').status).toBe(0);
    expect(users('list', '--json').stdout).toBe('["kim"]\n');
    const again = users('remove', '../joe');
    expect(again.status).toBe(64);
    expect(again.stderr).toMatch(/There is no user "\.\.\/joe" in /);
    other.remove();
  });

  test('says what it does not know', () => {
    const outcome = place.run(['users', 'rename', 'kim']);
    expect(outcome).toMatchObject({ status: 64, stdout: '' });
    expect(outcome.said).toHaveLength(1);
    for (const action of ['add', 'remove']) {
      const nobody = place.run(['users', action]);
      expect(nobody).toMatchObject({ status: 64, stdout: '' });
      expect(nobody.stderr).toMatch(/users add and users remove take a NAME/);
    }
  });
});
