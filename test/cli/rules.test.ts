/** `tamis rules`: what it refuses, and how it writes into a file. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { node, run, tamis, workFolder, type Ended } from '../e2e/site.ts';
import { describeWith } from '../peers.ts';

const work = workFolder();
let places = 0;

const env = { PATH: process.env['PATH'] ?? '' };

function rules(...args: readonly string[]): Ended {
  return run([node, tamis, 'rules', ...args], { env });
}

function place(): string {
  const folder = join(work, String(++places));
  mkdirSync(folder);
  return folder;
}

test.each([
  [['sieve', '--on-failure', 'defer'], /sieve cannot do --on-failure "defer"/],
  [['sieve', '--subscribe', 'courier'], /sieve cannot do --subscribe "courier"/],
  [['imapsieve', '--mark-read'], /imapsieve cannot do --mark-read/],
  [['procmail', '--mark-read'], /procmail cannot do --mark-read/],
  [['qmail', '--discard-above', '0.9'], /qmail cannot do --discard-above/],
  [['exim', '--whitelist', 'a@example.org'], /exim cannot do --whitelist/],
  [['sieve', '--whitelist', 'a"@example.org'], /--whitelist takes an address/],
  [['maildrop', '--whitelist', 'a@example.org', '--whitelist', 'x'], /--whitelist takes an address/],
  [['maildrop', '--min-confidence', '0'], /--min-confidence takes a figure/],
  [['exim', '--via', 'lmtp'], /--on-failure defer/],
  [['maildrop', '--via', 'lmtp', '--on-failure', 'defer'], /--via lmtp/],
  [['postfix', '--folder', 'Spam'], /postfix cannot do --folder/],
  [['maildrop', '--program', 'tamis'], /--program takes an absolute path/],
  [['maildrop', '--program', '/a\nb'], /--program holds a control character/],
  [['maildrop', '--user', 'a\nb'], /--user holds a control character/],
  [['maildrop', '--folder', 'a//b'], /--folder "a\/\/b" has an empty level/],
  [['maildrop', '--folder', '../x', '--layout', 'fs'], /begins with a dot/],
  [['maildrop', '--tag-above', '2'], /--tag-above takes a figure/],
  [['maildrop', '--tag-above', 'much'], /--tag-above takes a figure/],
  [['maildrop', '--separator', 'x'], /--separator is/],
  [['qmail', '--program', `/${'x'.repeat(500)}`], /499 bytes/],
  [['procmail', '--check'], /--check has sievec and maildrop/],
  [['nohost'], /nohost/],
] as const)('%j is an error that says so', (args, message) => {
  const { status, stdout, stderr } = rules(...args);
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
  expect(stderr).toMatch(message);
});

test('a new file has mode 600 and holds what is printed', () => {
  const folder = place();
  const file = join(folder, 'it\'s "$(a) rule');
  expect(rules('maildrop', '--write', file)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(statSync(file).mode & 0o7777).toBe(0o600);
  expect(readFileSync(file, 'latin1')).toBe(rules('maildrop').stdout);
  expect(readdirSync(folder)).toHaveLength(1);
});

test('a second run replaces its own block and nothing else', () => {
  const file = join(place(), 'mailfilter');
  const [before, after] = ['# gr\xfc\xdfe\nX="1"', '\n# tamis\nto "./Maildir"'];
  writeFileSync(file, `${before}\n`, 'latin1');
  rules('maildrop', '--write', file, '--folder', 'One');
  rules('sieve', '--write', file);
  const first = readFileSync(file, 'latin1');
  writeFileSync(file, first + after, 'latin1');
  rules('maildrop', '--write', file, '--folder', 'Two');
  const second = readFileSync(file, 'latin1');
  expect(second).toBe((first + after).replaceAll('.One', '.Two'));
  expect(second).not.toBe(first + after);
  expect(second).toContain(before);
  rules('maildrop', '--write', file, '--folder', 'Two');
  expect(readFileSync(file, 'latin1')).toBe(second);
});

test.each([
  '# tamis rules maildrop 1 begin\n',
  '# tamis rules maildrop end\n# tamis rules maildrop 1 begin\n',
])('marks that make no block (%j) are an error, and the file stays', (text) => {
  const file = join(place(), 'mailfilter');
  writeFileSync(file, text);
  expect(rules('maildrop', '--write', file).status).toBe(66);
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('a file keeps its mode, but not if everybody may write; a link stays a link', () => {
  const folder = place();
  const file = join(folder, 'mailfilter');
  writeFileSync(file, '');
  symlinkSync('mailfilter', join(folder, 'link'));
  for (const [mode, kept] of [
    [0o644, 0o644],
    [0o640, 0o640],
    [0o666, 0o664],
  ] as const) {
    chmodSync(file, mode);
    expect(rules('maildrop', '--write', join(folder, 'link')).status).toBe(0);
    expect(statSync(file).mode & 0o7777).toBe(kept);
  }
  expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['link', 'mailfilter']);
});

test('what cannot be written is an error', () => {
  const folder = place();
  expect(rules('maildrop', '--write', folder).status).toBe(66);
  expect(rules('maildrop', '--write', join(folder, 'no/such')).status).toBe(75);
  expect(readdirSync(folder)).toEqual([]);
});

describeWith(['maildrop', 'sievec'], () => {
  test.each(['maildrop', 'sieve', 'imapsieve'])('--check accepts the rule of %s', (host) => {
    expect(rules(host, '--check')).toMatchObject({ status: 0, stderr: '' });
  });

  test.each([
    ['maildrop', 'if (\n'],
    ['sieve', 'fileinto "x"\n'],
  ])('--check looks at the whole file of %s, and leaves it if it is wrong', (host, text) => {
    const folder = place();
    const file = join(folder, 'file');
    writeFileSync(file, text);
    const { status, stderr } = rules(host, '--check', '--write', file);
    expect(status).toBe(66);
    expect(stderr).toMatch(/does not accept the rule/);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(existsSync(join(folder, 'tamis.svbin'))).toBe(false);
  });
});

test('spamc asks the daemon where it listens in the examples, unless the program is named', () => {
  expect(rules('procmail', '--via', 'spamc').stdout).toContain(
    "'/usr/bin/spamc' '-U' '/run/tamis/spamd.sock' '-x'",
  );
  expect(rules('sieve', '--via', 'spamc').stdout).toContain(
    'filter "spamc" ["-U", "/run/tamis/spamd.sock", "-x"',
  );
  expect(rules('imapsieve', '--via', 'spamc').stdout).toContain(
    'pipe :copy "spamc" ["-U", "/run/tamis/spamd.sock", "--learntype=spam"',
  );
  const { stdout } = rules('dovecot', '--via', 'spamc');
  expect(stdout).toContain('sieve_filter_bin_dir = "/usr/bin"');
  expect(stdout).toContain('sieve_pipe_bin_dir = "/usr/bin"');
  expect(rules('procmail', '--via', 'spamc', '--program', '/opt/spamc').stdout).toContain(
    "'/opt/spamc' '-x'",
  );
});
