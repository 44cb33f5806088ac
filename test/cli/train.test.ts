/** `tamis train` as a user runs it: every kind of PATH, counted, repeatable, and resumed after a kill. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, mail } from './mail.ts';
import { Place } from './tamis.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
});
afterAll(() => {
  place.remove();
});

interface Tally {
  readonly spam: number;
  readonly innocent: number;
  readonly duplicates: number;
  readonly failed: number;
  readonly seconds: number;
}

/** Files of a folder, made with the folders above them. */
function folder(name: string, files: Record<string, string>): string {
  for (const [file, text] of Object.entries(files)) {
    const path = place.path(name, file);
    mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    writeFileSync(path, text, 'latin1');
  }
  return place.path(name);
}

function maildir(name: string, files: Record<string, string>): string {
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(place.path(name, part), { recursive: true });
  return folder(name, files);
}

function train(user: string, ...args: string[]): Tally {
  const { status, stdout, stderr } = place.run(['train', `--user=${user}`, '--json', ...args]);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Tally;
}

const stats = (user: string): unknown => JSON.parse(place.run(['stats', `--user=${user}`, '--json']).stdout);

describe('a PATH', () => {
  test('may be a Maildir: cur and new, no drafts, nothing trashed, nothing unfinished', () => {
    const path = maildir('Maildir', {
      'cur/1.a:2,S': mail({ id: 'seen' }),
      'cur/2.a:2,': mail({ id: 'unseen' }),
      'cur/3.a:2,DS': mail({ id: 'draft' }),
      'cur/4.a:2,ST': mail({ id: 'trashed' }),
      'new/5.a': mail({ id: 'fresh' }),
      'tmp/6.a': mail({ id: 'unfinished' }),
    });
    expect(train('maildir', '--innocent', path)).toMatchObject({
      spam: 0,
      innocent: 3,
      duplicates: 0,
      failed: 0,
    });
    expect(stats('maildir')).toMatchObject({ innocentLearned: 3, innocentCorpusfed: 3, spamLearned: 0 });
  });

  test('may be a folder, an mbox or a message, and given more than once', () => {
    const loose = folder('loose', { '1': advertisement('one'), '2': advertisement('two') });
    const box = folder('box', {
      mbox: ['three', 'four']
        .map((id) => `From x@example.org Sun Nov 22 21:33:50 2026\n${mail({ id })}\n`)
        .join(''),
      'five.eml': mail({ id: 'five' }),
    });
    const tally = train('kinds', '--spam', loose, '--innocent', `${box}/mbox`, `${box}/five.eml`);
    expect(tally).toMatchObject({ spam: 2, innocent: 3, duplicates: 0, failed: 0 });
    expect(tally.seconds).toBeGreaterThan(0);
  });

  test('may be tried again: only what is new is learned, the other class takes it back', () => {
    const path = folder('again', { '1': advertisement('first'), '2': advertisement('second') });
    expect(train('again', '--spam', path)).toMatchObject({ spam: 2, duplicates: 0 });
    writeFileSync(`${path}/3`, advertisement('third'));
    expect(train('again', '--spam', path)).toMatchObject({ spam: 1, duplicates: 2 });
    expect(train('again', '--innocent', `${path}/3`)).toMatchObject({ spam: 0, innocent: 1 });
    expect(stats('again')).toMatchObject({
      spamLearned: 2,
      spamCorpusfed: 2,
      innocentLearned: 1,
      innocentCorpusfed: 1,
    });
  });

  test('that is empty, or broken in places, is told', () => {
    const path = folder('broken', { '1': mail({ id: 'whole' }), '2': '' });
    const { status, stdout, said } = place.run(['train', '--user=broken', '--json', '--innocent', path]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ innocent: 1, failed: 1 });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`${path}/2`);
  });

  test('of which nothing is a message is an error', () => {
    const path = folder('binary', { index: '\0\0', log: '\x01\0' });
    const { status, said } = place.run(['train', '--user=broken', '--innocent', path]);
    expect(status).toBe(66);
    expect(said).toHaveLength(3);
    expect(said[2]).toContain('all 2 failed');
  });
});

test.each([
  [['train', '--user=x'], 64, /--spam PATH or --innocent PATH/],
  [['train', '--spam=nowhere'], 64, /--user/],
  [['train', '--user=x', '--spam=nowhere'], 66, /nowhere/],
  [['train', '--user=', '--spam=nowhere'], 64, /name/],
  [['train', '--user=x', '--spam', ''], 64, /take a PATH; one is empty/],
  [['train', '--user=x', '--spam=.', '--innocent=./'], 64, /both spam and innocent/],
  [['train', '--user=x', '--spam=.', '--nonsense'], 64, /nonsense/i],
])('%j is refused', (args, status, says) => {
  const outcome = place.run(args);
  expect([outcome.status, outcome.stdout]).toEqual([status, '']);
  expect(outcome.said).toHaveLength(1);
  expect(outcome.said[0]).toMatch(says);
  expect(Object.keys(place.tree()).filter((name) => name.includes('users/x'))).toEqual([]);
});

test('killed half way, it goes on where it was, and counts everything once', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1500 }, (_, n) => [n.toString(), mail({ id: `killed-${n}`, subject: `Note ${n}` })]),
  );
  const path = folder('killed', files);
  const child = place.start(['train', '--user=killed', '--innocent', path]);
  const ended = once(child, 'exit');
  const learned = (): number => {
    const { status, stdout } = place.run(['stats', '--user=killed', '--json']);
    return status === 0 ? (JSON.parse(stdout) as { innocentLearned: number }).innocentLearned : 0;
  };
  // stats gets the store between two slices, so that it also shows that training lets go of it.
  while (child.exitCode === null && learned() === 0) continue;
  child.kill('SIGKILL');
  await ended;
  const before = learned();
  expect(before).toBeGreaterThan(0);
  expect(train('killed', '--innocent', path)).toMatchObject({ innocent: 1500 - before, duplicates: before });
  expect(stats('killed')).toMatchObject({ innocentLearned: 1500, innocentCorpusfed: 1500 });
});
