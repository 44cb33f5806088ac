/** `tamis learn-folders` on real Maildirs: what is learned, where it goes, what stays, and twice at once. */
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { advertisement, field, mail } from '../cli/mail.ts';
import { Place, type Outcome } from '../cli/tamis.ts';
import { makeMaildir, messagesIn } from './site.ts';

let place: Place;
let maildir: string;
beforeEach(() => {
  place = new Place();
  maildir = makeMaildir(place.path('Maildir'));
  teach('a', 'b');
});
afterEach(() => {
  place.remove();
});

/** Teaches an advertisement and an innocent message. */
function teach(spam: string, innocent: string): void {
  const args = ['--user=joe', '--source=corpus'];
  expect(place.run([...args, '--class=spam'], { stdin: advertisement(spam) }).status).toBe(0);
  expect(place.run([...args, '--class=innocent'], { stdin: mail({ id: innocent }) }).status).toBe(0);
}

/** Puts a message into a folder; its path. */
function put(folder: string, name: string, message: string, part = 'cur'): string {
  makeMaildir(join(maildir, folder));
  const path = join(maildir, folder, part, name);
  writeFileSync(path, message, 'latin1');
  return path;
}

const learnFolders = (...args: string[]): Outcome =>
  place.run(['learn-folders', maildir, '--user=joe', ...args]);
const tally = (...args: string[]): unknown => JSON.parse(learnFolders('--json', ...args).stdout) as unknown;
const stats = (user = 'joe'): Record<string, number> =>
  JSON.parse(place.run(['stats', `--user=${user}`, '--json']).stdout) as Record<string, number>;
const names = (folder: string, part = 'cur'): string[] => readdirSync(join(maildir, folder, part)).sort();
const receive = (message: string): string =>
  place.run(['--user=joe', '--deliver=stdout'], { stdin: message }).stdout;

test('what lies in the two folders is learned and moved, with its flags', () => {
  put('.Train-Spam', '1.a.host:2,FS', advertisement('1'));
  put('.Train-Spam', '2.a.host', advertisement('2'), 'new');
  put('.Train-Ham', '3.a.host:2,S', mail({ id: '3' }));
  expect(tally()).toEqual({ users: 1, spam: 2, innocent: 1, duplicates: 0, failed: 0 });
  expect(names('.Spam')).toEqual(['1.a.host:2,FS']);
  expect(names('.Spam', 'new')).toEqual(['2.a.host']);
  expect(names('')).toEqual(['3.a.host:2,S']);
  expect([...messagesIn(maildir, '.Train-Spam'), ...messagesIn(maildir, '.Train-Ham')]).toEqual([]);
  expect(stats()).toMatchObject({
    spamLearned: 3,
    innocentLearned: 2,
    spamCorpusfed: 3,
    spamMisclassified: 0,
  });
});

test('what the filter has signed is learned by its signature, as a correction, and once', () => {
  const delivered = receive(mail({ id: '4', subject: 'Holiday', body: 'To the lake on Sunday.\n' }));
  expect(field(delivered, 'X-DSPAM-Signature')).toBeDefined();
  // Edited beyond recognition, but for its signature.
  put('.Train-Spam', '4.a.host:2,', `${delivered.split('\n\n')[0] ?? ''}\n\nSomething else.\n`);
  expect(tally('--then=keep')).toMatchObject({ spam: 1 });
  const once = stats();
  expect(once).toMatchObject({ spamLearned: 2, spamMisclassified: 1 });
  expect(tally('--then=keep')).toMatchObject({ spam: 0, duplicates: 1 });
  expect(stats()).toEqual(once);
});

test('deleted, if told to; names of folders are options', () => {
  put('.test-spam', '1.a.host:2,', advertisement('1'));
  put('.Lern.Erw&APw-nscht', '2.a.host:2,', mail({ id: '2' }));
  expect(tally('--spam', 'test-spam', '--innocent', 'Lern/Erwünscht', '--then=delete')).toMatchObject({
    spam: 1,
    innocent: 1,
  });
  expect([
    ...messagesIn(maildir),
    ...messagesIn(maildir, '.test-spam'),
    ...messagesIn(maildir, '.Lern.Erw&APw-nscht'),
  ]).toEqual([]);
  expect(learnFolders('--spam', '../x').status).not.toBe(0);
});

test('trashed mail teaches nothing, and a T in a name is no flag', () => {
  put('.Train-Spam', '1.a.host:2,ST', advertisement('1'));
  put('.Train-Spam', '2.Train.host', advertisement('2'), 'new');
  expect(tally()).toMatchObject({ spam: 1, duplicates: 0 });
  expect(names('.Train-Spam')).toEqual(['1.a.host:2,ST']);
});

test('what cannot be read is named and stays, and the rest goes on', () => {
  put('.Train-Spam', '1.a.host:2,', '');
  put('.Train-Spam', '2.a.host:2,', advertisement('2'));
  mkdirSync(place.path('elsewhere'));
  symlinkSync(place.path('elsewhere'), join(maildir, '.Train-Spam/cur/3.a.host:2,'));
  const { status, stdout, said } = learnFolders('--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ spam: 1, failed: 2 });
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(/1\.a\.host:2, was not learned, and is left where it is/);
  expect(said[1]).toContain('3.a.host:2,');
  expect(names('.Train-Spam')).toEqual(['1.a.host:2,', '3.a.host:2,']);
});

test('a message is not moved onto another', () => {
  put('.Spam', '1.a.host:2,S', 'Subject: there already\n\n');
  put('.Train-Spam', '1.a.host:2,S', advertisement('1'));
  expect(tally()).toMatchObject({ spam: 1, failed: 0 });
  expect(messagesIn(maildir, '.Spam').sort()).toEqual(
    [advertisement('1'), 'Subject: there already\n\n'].sort(),
  );
  expect(messagesIn(maildir, '.Train-Spam')).toEqual([]);
});

test('a folder that is a link to the mail of others is left alone', () => {
  const theirs = makeMaildir(place.path('theirs'));
  writeFileSync(join(theirs, 'cur/1.a.host:2,S'), advertisement('1'));
  makeMaildir(join(maildir, '.Train-Spam'));
  rmSync(join(maildir, '.Train-Spam/cur'), { recursive: true });
  symlinkSync(join(theirs, 'cur'), join(maildir, '.Train-Spam/cur'));
  symlinkSync(theirs, join(maildir, '.Train-Ham'));
  const { stdout, stderr } = learnFolders('--json', '--then=delete');
  expect(JSON.parse(stdout)).toMatchObject({ spam: 0, innocent: 0, failed: 2 });
  expect(stderr).toContain('is a symbolic link');
  expect(readdirSync(join(theirs, 'cur'))).toEqual(['1.a.host:2,S']);
});

test('a move that was killed between its link and the end is ended', () => {
  const path = put('.Train-Spam', '1.a.host:2,S', advertisement('1'));
  makeMaildir(join(maildir, '.Spam'));
  linkSync(path, join(maildir, '.Spam/cur/1.a.host:2,S'));
  expect(tally()).toMatchObject({ spam: 1, failed: 0 });
  expect(names('.Spam')).toEqual(['1.a.host:2,S']);
  expect(names('.Train-Spam')).toEqual([]);
});

test('what cannot be moved is told and stays', () => {
  put('.Train-Spam', '1.a.host:2,', advertisement('1'));
  writeFileSync(join(maildir, '.Spam'), 'no folder');
  const { stdout, stderr } = learnFolders('--json');
  expect(JSON.parse(stdout)).toMatchObject({ spam: 1, failed: 1 });
  expect(stderr).toContain('was learned, but is left where it is');
  expect(names('.Train-Spam')).toHaveLength(1);
});

test('two runs at once learn each message once and lose none', async () => {
  const count = 30;
  for (let i = 0; i < count; i++) {
    put('.Train-Spam', `${i}.a.host:2,`, advertisement(`twice-${i}`));
    put('.Train-Ham', `${i}.b.host:2,`, mail({ id: `twice-${i}` }));
  }
  const run = async (): Promise<number | null> =>
    await new Promise((resolve) => {
      place.start(['learn-folders', maildir, '--user=joe']).on('exit', resolve);
    });
  expect(await Promise.all([run(), run()])).toEqual([0, 0]);
  expect(stats()).toMatchObject({ spamLearned: 1 + count, innocentLearned: 1 + count });
  expect([messagesIn(maildir, '.Spam').length, messagesIn(maildir).length]).toEqual([count, count]);
  expect([...messagesIn(maildir, '.Train-Spam'), ...messagesIn(maildir, '.Train-Ham')]).toEqual([]);
});

describe('--moves', () => {
  // Of one message or two of each class the filter is too cautious to call anything spam.
  beforeEach(() => {
    for (const id of ['c', 'd', 'e']) teach(id, `ham-${id}`);
  });

  test('learns what was moved into and out of .Spam, from what the filter signed, and nothing in the trash', () => {
    const ham = receive(mail({ id: 'h' }));
    const spam = receive(advertisement('s'));
    expect(field(ham, 'X-DSPAM-Result')).toBe('Innocent');
    expect(field(spam, 'X-DSPAM-Result')).toBe('Spam');
    const before = stats();
    put('.Spam', '1.a.host:2,', ham);
    put('.Trash', '2.a.host:2,S', spam);
    put('', '3.a.host:2,', spam);
    put('.Spam', '4.a.host:2,S', mail({ id: 'forged', fields: 'X-DSPAM-Result: Innocent\n' }));
    expect(tally()).toMatchObject({ spam: 0, innocent: 0 });
    expect(tally('--moves')).toMatchObject({ spam: 1, innocent: 0, duplicates: 0 });
    expect(stats()).toMatchObject({
      spamMisclassified: 1,
      innocentMisclassified: before['innocentMisclassified'],
    });
    // It has been read, and was left where it is.
    renameSync(join(maildir, 'cur/3.a.host:2,'), join(maildir, 'cur/3.a.host:2,S'));
    expect(tally('--moves')).toMatchObject({ spam: 0, innocent: 1, duplicates: 1 });
    expect(stats()).toMatchObject({ spamMisclassified: 1, innocentMisclassified: 1 });
    expect([names('.Spam').length, names('').length, names('.Trash').length]).toEqual([2, 1, 1]);
  });
});

describe('a site', () => {
  test('users are found by the path; who has nothing to learn is not made', () => {
    for (const [user, folders] of [
      ['example.org/joe', ['.Train-Spam']],
      ['example.org/kim', []],
      ['example.net/joe', ['.Train-Ham']],
    ] as const) {
      const home = makeMaildir(place.path('domains', user, 'Maildir'));
      for (const folder of folders) {
        makeMaildir(join(home, folder));
        writeFileSync(
          join(home, folder, 'new/1.a.host'),
          folder === '.Train-Spam' ? advertisement('1') : mail({ id: '1' }),
        );
      }
    }
    writeFileSync(place.path('domains/example.org/.qmail-default'), '');
    const template = place.path('domains/%d/%n/Maildir');
    const { status, stdout } = place.run(['learn-folders', template, '--json']);
    expect([status, JSON.parse(stdout)]).toEqual([
      0,
      { users: 3, spam: 1, innocent: 1, duplicates: 0, failed: 0 },
    ]);
    expect(place.run(['users', 'list']).stdout).toBe('joe\njoe@example.net\njoe@example.org\n');
    expect(place.run(['learn-folders', template, '--user=kim@example.org', '--json']).stdout).toContain(
      '"users":1',
    );
    expect(place.run(['learn-folders', template, '--user=../joe@example.org']).status).toBe(64);
    expect(place.run(['learn-folders', template, '--user=who@example.org']).status).toBe(66);
    expect(place.run(['learn-folders', maildir]).status).toBe(64);
    expect(place.run(['learn-folders', place.path('nowhere/%u')]).status).toBe(66);
  });

  test('trouble with one user stops no other', () => {
    for (const user of ['amy', 'joe', 'kim']) {
      const home = makeMaildir(place.path('home', user, 'Maildir'));
      makeMaildir(join(home, '.Train-Spam'));
      writeFileSync(join(home, '.Train-Spam/new/1.a.host'), advertisement('1'));
    }
    const [store = ''] = readdirSync(join(place.home, 'users'));
    rmSync(join(place.home, 'users', store), { recursive: true });
    writeFileSync(join(place.home, 'users', store), 'no store');
    const { status, stdout, said } = place.run(['learn-folders', place.path('home/%u/Maildir'), '--json']);
    expect([status, JSON.parse(stdout)]).toEqual([
      75,
      { users: 2, spam: 2, innocent: 0, duplicates: 0, failed: 0 },
    ]);
    expect(said[0]).toMatch(/the mail of joe was not learned/);
    expect(readdirSync(place.path('home/joe/Maildir/.Train-Spam/new'))).toEqual(['1.a.host']);
  });
});

test('permissions of the Maildir are kept', () => {
  const path = put('.Train-Spam', '1.a.host:2,', advertisement('1'));
  chmodSync(path, 0o640);
  learnFolders();
  expect(messagesIn(maildir, '.Spam')).toEqual([advertisement('1')]);
});
