/** Directories of .qmail files, changed and given back. */
import fc from 'fast-check';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readQmailFiles, replaceFiles, type QmailFile } from '../../src/qmail/directory.ts';
import { disabled, enabled } from '../../src/qmail/rewrite.ts';
import { options } from './options.ts';

const work = mkdtempSync(join(tmpdir(), 'tamis-qmail-'));
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

const root = process.getuid?.() === 0;
let made = 0;

function makeDirectory(): string {
  const directory = join(work, String(++made));
  mkdirSync(directory, 0o755);
  return directory;
}

function change(directory: string, rewrite: (file: QmailFile) => string): void {
  const replacements = readQmailFiles(directory)
    .map((file) => ({ file, content: rewrite(file), original: disabled(file.content) }))
    .filter(({ file, content }) => file.content !== content && file.fixed === undefined);
  replaceFiles(directory, replacements);
}

const enable = (directory: string): void => {
  change(directory, ({ content, name, mode }) =>
    enabled(content, { name, executable: (mode & 0o100) !== 0 }, { ...options, forwards: true }),
  );
};
const disable = (directory: string): void => {
  change(directory, ({ content }) => disabled(content));
};

/** All that a directory is: names, bytes, modes, owners. */
function state(directory: string): unknown {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return ['', ...files].map((name) => {
    const path = join(directory, name);
    const { mode, uid, gid } = lstatSync(path);
    return [name, mode, uid, gid, statSync(path).isFile() ? readFileSync(path, 'latin1') : ''];
  });
}

test('1,000 directories come back with every byte, mode and owner', () => {
  const line = fc.oneof(
    fc.constantFrom(
      "|/home/vpopmail/bin/vdelivermail '' delete",
      '| preline maildrop ./.mailfilter',
      '|bouncesaying "x" false',
      './Maildir/',
      './Mailbox',
      '&joe@example.org',
      'kim@example.org',
      '+list',
      '# comment',
      '',
    ),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const file = fc.record({
    name: fc.constantFrom('', '-default', '-joe', '-kim:x', '-a b', "-'$(x)'", '-ü'),
    lines: fc.array(line, { maxLength: 8 }),
    end: fc.constantFrom('', '\n'),
    mode: fc.constantFrom(0o600, 0o644, 0o640, 0o700, 0o444, 0o664),
    owner: fc.integer({ min: 0, max: 60_000 }),
  });
  const files = fc.uniqueArray(file, { maxLength: 5, selector: ({ name }) => name });
  let changed = 0;
  fc.assert(
    fc.property(files, fc.constantFrom(0o755, 0o700, 0o775), (all, mode) => {
      const directory = makeDirectory();
      for (const one of all) {
        const path = join(directory, `.qmail${one.name}`);
        writeFileSync(path, one.lines.join('\n') + one.end, 'latin1');
        if (root) chownSync(path, one.owner, one.owner + 1);
        chmodSync(path, one.mode);
      }
      chmodSync(directory, mode);
      const before = state(directory);
      enable(directory);
      const during = state(directory);
      if (existsSync(join(directory, '.tamis-backup'))) changed++;
      enable(directory);
      expect(state(directory)).toEqual(during);
      disable(directory);
      expect(state(directory)).toEqual(before);
      rmSync(directory, { recursive: true });
    }),
    { numRuns: 1000 },
  );
  // Or nothing would have been tested.
  expect(changed).toBeGreaterThan(500);
});

test('a backup holds the file as it was, by the same owner and mode; one that says something else is kept', () => {
  const directory = makeDirectory();
  const path = join(directory, '.qmail');
  writeFileSync(path, '|/opt/x\n');
  chmodSync(path, 0o640);
  if (root) chownSync(path, 12, 34);
  enable(directory);
  const backup = join(directory, '.tamis-backup/.qmail');
  expect(readFileSync(backup, 'utf8')).toBe('|/opt/x\n');
  for (const one of [path, backup]) {
    expect(statSync(one)).toMatchObject({ mode: 0o100_640, ...(root ? { uid: 12, gid: 34 } : {}) });
  }
  writeFileSync(path, `${readFileSync(path, 'utf8')}# edited\n`);
  disable(directory);
  expect(readFileSync(path, 'utf8')).toBe('|/opt/x\n# edited\n');
  expect(readFileSync(backup, 'utf8')).toBe('|/opt/x\n');
});

test('a directory that somebody edits is left alone, and is not sticky afterwards if nobody does', () => {
  const directory = makeDirectory();
  writeFileSync(join(directory, '.qmail'), '|/opt/x\n');
  chmodSync(directory, 0o1755);
  expect(() => {
    enable(directory);
  }).toThrow(/is sticky/);
  expect(readFileSync(join(directory, '.qmail'), 'utf8')).toBe('|/opt/x\n');
  expect(statSync(directory).mode & 0o7777).toBe(0o1755);
  chmodSync(directory, 0o755);
  const [file] = readQmailFiles(directory);
  if (file === undefined) throw new Error('There is no file.');
  writeFileSync(file.path, 'changed meanwhile\n');
  expect(() => {
    replaceFiles(directory, [{ file, content: 'x', original: 'y' }]);
  }).toThrow(/just been changed/);
  expect(statSync(directory).mode & 0o7777).toBe(0o755);
  expect(readFileSync(file.path, 'utf8')).toBe('changed meanwhile\n');
});

test('links and files with two names are not parted; faults are named', () => {
  const directory = makeDirectory();
  writeFileSync(join(directory, '.qmail-a'), '|/opt/x\n');
  symlinkSync('.qmail-a', join(directory, '.qmail-b'));
  symlinkSync('nowhere', join(directory, '.qmail-c'));
  writeFileSync(join(directory, '.qmail-d'), '|/opt/x\n');
  linkSync(join(directory, '.qmail-d'), join(directory, '.qmail-e'));
  writeFileSync(join(directory, '.qmail-f'), '\n|/opt/x\n');
  writeFileSync(join(directory, '.qmail-g'), '|/opt/x\n');
  chmodSync(join(directory, '.qmail-g'), 0o666);
  mkdirSync(join(directory, '.qmail-h'));
  writeFileSync(join(directory, '.qmailx'), '|/opt/x\n');
  const found = readQmailFiles(directory);
  expect(
    found.map(({ name, fixed, fault }) => [name.slice(-1), fixed !== undefined, fault !== undefined]),
  ).toEqual([
    ['a', false, false],
    ['b', true, false],
    ['d', true, false],
    ['e', true, false],
    ['f', false, true],
    ['g', false, true],
  ]);
  enable(directory);
  expect(lstatSync(join(directory, '.qmail-b')).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(directory, '.qmail-e'), 'utf8')).toBe('|/opt/x\n');
});

test('a directory that is not there is an error that names it', () => {
  expect(() => readQmailFiles(join(work, 'nowhere'))).toThrow(/nowhere cannot be read/);
});

test('a link in the place of the backups is not followed: it may lead into another home', () => {
  const [directory, other] = [makeDirectory(), makeDirectory()];
  writeFileSync(join(directory, '.qmail'), './Maildir/\n');
  writeFileSync(join(other, '.qmail'), './Theirs/\n');
  symlinkSync(other, join(directory, '.tamis-backup'));
  expect(() => {
    enable(directory);
  }).toThrow(/tamis-backup is not a directory/);
  expect(readFileSync(join(other, '.qmail'), 'utf8')).toBe('./Theirs/\n');
  expect(readFileSync(join(directory, '.qmail'), 'utf8')).toBe('./Maildir/\n');
  expect(statSync(directory).mode & 0o1000).toBe(0);
});
