/** `tamis store`, as an administrator runs it, between LevelDB and SQLite. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from './tamis.ts';

const message = (n: number): string =>
  `From: a${n}@example.org\nSubject: offer ${n}\n\nBuy the thing number ${n} today.\n`;
const sqlite = '--set=store=sqlite:tamis.db';

let place: Place;
beforeAll(() => {
  place = new Place();
  for (const n of [1, 2, 3]) {
    const lesson = ['--user=joe', `--class=${n === 2 ? 'innocent' : 'spam'}`, '--source=corpus'];
    expect(place.run(lesson, { stdin: message(n) }).status).toBe(0);
  }
});
afterAll(() => {
  place.remove();
});

const copy = (from: string, to: string): unknown => {
  const { status, stdout, stderr } = place.run(['store', 'copy', from, to, '--json']);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

describe('tamis store', () => {
  test('init makes the tables; before it a message passes, with a line that says so, and no file is made', () => {
    const before = place.run(['--user=joe', sqlite], { stdin: message(1) });
    expect(before).toMatchObject({ status: 0, stdout: message(1) });
    expect(before.said).toHaveLength(1);
    expect(before.stderr).toContain('tamis store init');
    expect(Object.keys(place.tree()).filter((name) => name.includes('tamis.db'))).toEqual([]);
    expect(place.run(['store', 'check', sqlite]).status).toBe(75);
    for (const time of ['first', 'second']) {
      expect([time, place.run(['store', 'init', sqlite])]).toMatchObject([time, { status: 0, said: [] }]);
    }
    expect(place.run(['store', 'check', sqlite, '--json']).stdout).toBe(
      '{"users":0,"features":0,"tokens":0,"notes":0,"problems":[]}\n',
    );
  });

  test('copy takes everything, then what has changed, then nothing; and all judge alike', () => {
    expect(copy('level', 'sqlite:tamis.db')).toMatchObject({ users: 1, notes: 3 });
    expect(copy('level', 'sqlite:tamis.db')).toEqual({ users: 1, features: 0, tokens: 0, notes: 0 });
    expect(place.run(['--user=joe', '--class=spam', '--source=error'], { stdin: message(2) }).status).toBe(0);
    expect(copy('level', 'sqlite:tamis.db')).toMatchObject({ users: 1, notes: 1 });
    expect(copy('level', 'sqlite:tamis.db')).toEqual({ users: 1, features: 0, tokens: 0, notes: 0 });
    const judge = ['--user=joe', '--classify'];
    const other = place.run([...judge, sqlite], { stdin: message(4) });
    expect(other).toEqual(place.run(judge, { stdin: message(4) }));
    expect(other.stdout).toContain('X-DSPAM-Result: joe;');
    const sides = [
      place.run(['stats', '--user=joe', '--json']),
      place.run(['stats', '--user=joe', '--json', sqlite]),
    ];
    const [ours, theirs] = sides.map(({ stdout }) => JSON.parse(stdout) as Record<string, number>);
    expect(theirs?.['spamLearned']).toBe(3);
    expect({ ...ours, featureBytes: 0, noteBytes: 0, tokenBytes: 0 }).toEqual({
      ...theirs,
      featureBytes: 0,
      noteBytes: 0,
      tokenBytes: 0,
    });
  });

  test('copy brings back what it took, after the target went its own way', () => {
    expect(
      place.run([sqlite, '--user=joe', '--class=spam', '--source=corpus'], { stdin: message(7) }).status,
    ).toBe(0);
    expect(copy('level', 'sqlite:tamis.db')).toMatchObject({ users: 1, notes: 1 });
    expect(copy('sqlite:tamis.db', 'level')).toEqual({ users: 1, features: 0, tokens: 0, notes: 0 });
  });

  test('copy without two stores is a wrong command line', () => {
    expect(place.run(['store', 'copy', 'level'])).toMatchObject({ status: 64, stdout: '' });
  });
});
