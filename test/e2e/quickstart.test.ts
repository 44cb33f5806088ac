/** examples/quickstart.sh from its beginning to its end, in a copy of the repository. */
import { copyFileSync, existsSync, lstatSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { messageOf, messagesIn, must, node, root, run, workFolder, type Ended } from './site.ts';

const work = workFolder();
const copy = join(work, 'clone');
const path = [dirname(node), process.env['PATH'] ?? ''].join(delimiter);
const siteHome = '/var/lib/tamis';

/** Runs it from another folder, with a home of its own and a folder for what it makes. */
function quickstart(name: string): Ended & { made: string } {
  const home = join(work, name);
  mkdirSync(home);
  const ended = run([join(copy, 'examples/quickstart.sh')], {
    cwd: work,
    env: { PATH: path, HOME: home, TMPDIR: home },
  });
  const made = /^All of it lies in (.*) \(rm -r it/m.exec(ended.stdout)?.[1] ?? '';
  return { ...ended, made };
}

beforeAll(() => {
  const list = ['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = must(list, { env: { PATH: path } }).stdout.split('\0');
  for (const file of files.filter((one) => one !== '' && isFile(join(root, one)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    copyFileSync(join(root, file), join(copy, file));
  }
  // In the place of npm ci: the packages are there, dist/ is not.
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});

/** Not so for a file that was removed and is not yet committed as such. */
function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

test('judges and files the sample mail, and leaves the homes of its user and of the site alone', () => {
  const before = existsSync(siteHome);
  const { status, stdout, stderr, made } = quickstart('first');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.match(/X-DSPAM-Result: (?:Spam|Innocent)$/gm)).toHaveLength(8);
  const maildir = join(made, 'Maildir');
  const subjects = (messages: string[]): string[] =>
    messages.map((message) => /^Message-ID: <([^@]*)/m.exec(message)?.[1] ?? '').sort();
  expect(subjects(messagesIn(maildir, '.Spam'))).toEqual(['cp-003', 'gc.1000', 'meds.1', 'pg.2']);
  expect(subjects(messagesIn(maildir))).toEqual(['20251120.sunday', 'CAF104', 'ag2dec', 'rh.9']);
  expect(messagesIn(maildir, '.Spam').join('')).not.toContain('X-DSPAM-Result: Innocent');
  expect(existsSync(join(work, 'first/.local'))).toBe(false);
  expect(existsSync(siteHome)).toBe(before);
});

test('can be run again, and says so where a message is not where it belongs', () => {
  const incoming = join(copy, 'examples/mail/incoming');
  renameSync(join(incoming, 'ham-1-lunch.eml'), join(incoming, 'spam-1-lunch.eml'));
  const { status, stdout, stderr } = quickstart('again');
  expect(status).toBe(1);
  expect(stdout).toMatch(/^WRONG: spam-1-lunch\.eml is not in .*\.Spam\/new$/m);
  expect(stderr).toMatch(/not every message is where it belongs/);
  expect(messageOf(join(incoming, 'spam-1-lunch.eml'))).not.toContain('X-DSPAM');
});
