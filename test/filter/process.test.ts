/** The filter as a process: what hosts see of it when stdout, the disk, the judge or the command fails. */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Orders } from './child.ts';

const child = fileURLToPath(new URL('./child.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const message = 'Subject: a\r\nX-DSPAM-Result: Innocent\r\n\t(forged)\r\nTo: u\r\n\r\n.\r\nbody \0\xff';
const passed = message.replace('X-DSPAM-Result: Innocent\r\n\t(forged)\r\n', '');
const lines = [
  'X-DSPAM-Result: Spam',
  'X-DSPAM-Processed: Sun Nov 22 21:33:50 2026',
  'X-DSPAM-Confidence: 0.9800',
  'X-DSPAM-Improbability: 1 in 4901 chance of being ham',
  'X-DSPAM-Probability: 0.9998',
];
const judged = passed.replace('\r\n\r\n', `\r\n${lines.join('\r\n')}\r\n\r\n`);

let folder: string;
let temporary: string;
let input: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tamis-filter-'));
  temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  input = join(folder, 'message');
  writeFileSync(input, message, 'latin1');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** `$FILTER` in a shell command, with `$INPUT` and `$OUT` beside it. */
function shell(command: string, orders: Orders, env: Record<string, string> = {}): SpawnSyncReturns<string> {
  const given = { INPUT: input, OUT: join(folder, 'out'), ORDERS: JSON.stringify(orders), TMPDIR: temporary };
  const filter = `"${process.execPath}" --import tsx "${child}" "$ORDERS"`;
  return spawnSync('/bin/bash', ['-c', command.replaceAll('$FILTER', filter)], {
    cwd: root,
    env: { PATH: process.env['PATH'], TSX_DISABLE_CACHE: '1', ...given, ...env },
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  });
}

const stdout: Orders = { deliver: { kind: 'stdout' } };
const exec = (...command: readonly [string, ...string[]]): Orders => ({ deliver: { kind: 'exec', command } });
/** A shell script as the delivery command. */
const script = (text: string): Orders => exec('/bin/sh', '-c', text);

describe('to stdout', () => {
  test('the message with its lines', () => {
    const { stdout: out, status } = shell('$FILTER < $INPUT', stdout);
    expect(status).toBe(0);
    expect(out).toBe(judged);
  });

  test.each<[string, Partial<Orders>, RegExp]>([
    ['a judge that fails', { judge: 'fail' }, /unjudged: no store/],
    [
      'a judge that never answers',
      { judge: 'hang' },
      /unjudged: Judging took longer than the deadline of 300 ms/,
    ],
    ['a judge that never lets go', { judge: 'spin' }, /unjudged: Judging took longer/],
    ['an error that nobody catches', { judge: 'stray' }, /unjudged: stray/],
    ['a configuration that is wrong', { broken: true }, /unjudged: wrong/],
  ])('passes unjudged, or is deferred: %s', (_, orders, says) => {
    const pass = shell('$FILTER < $INPUT', { ...stdout, ...orders });
    expect(pass.stdout).toBe(passed);
    expect(pass.status).toBe(0);
    expect(pass.stderr).toMatch(says);
    expect(pass.stderr.match(/^tamis: /gm)).toHaveLength(1);
    const defer = shell('$FILTER < $INPUT', { ...stdout, ...orders, onError: 'defer' });
    expect(defer.stdout).toBe('');
    expect(defer.status).toBe(75);
    expect(defer.stderr.match(/^tamis: /gm)).toHaveLength(1);
  });

  test('a judge that writes into the prefix alters nothing', () => {
    expect(shell('$FILTER < $INPUT', { ...stdout, judge: 'spoil' }).stdout).toBe(judged);
  });

  test('an error after the message is out does not change the status', () => {
    const { status, stderr, stdout: out } = shell('$FILTER < $INPUT', { ...stdout, judge: 'late' });
    expect(out).toBe(judged);
    expect(status).toBe(0);
    expect(stderr).toContain('too late');
  });

  test('a footer that fails is left out', () => {
    const { status, stderr, stdout: out } = shell('$FILTER < $INPUT', { ...stdout, footer: 'throws' });
    expect(out).toBe(judged);
    expect(status).toBe(0);
    expect(stderr).toContain('without a footer');
  });

  test.each<[string, RegExp, string]>([
    ['closed', /stdout is closed/, '$FILTER < $INPUT >&-'],
    ['full', /ENOSPC/, '$FILTER < $INPUT > /dev/full'],
    [
      'a reader that has gone',
      /EPIPE/,
      '(cat $INPUT; head -c 3000000 /dev/zero) | $FILTER | head -c 10 >/dev/null; exit ${PIPESTATUS[1]}',
    ],
    [
      'a file that may not grow',
      /EFBIG/,
      'ulimit -f 8; (cat $INPUT; head -c 30000 /dev/zero) | $FILTER > $OUT',
    ],
    ['no message', /no message on stdin/, '$FILTER < /dev/null'],
    ['stdin closed', /no message on stdin/, '$FILTER <&-'],
    ['stdin is a folder', /EISDIR/, '$FILTER < /'],
    ['a message of nothing but X-DSPAM lines', /nothing but X-DSPAM/, 'echo X-DSPAM-Result: Spam | $FILTER'],
  ])('is 75: %s', (name, says, command) => {
    const judge = name.includes('nothing but') ? 'fail' : 'spam';
    const { status, stderr } = shell(command, { ...stdout, judge });
    expect(status).toBe(75);
    expect(stderr.split('\n').some((line) => line.startsWith('tamis: ') && says.test(line))).toBe(true);
  });

  test('stdout may be thrown away on purpose', () => {
    expect(shell('$FILTER < $INPUT > /dev/null', stdout).status).toBe(0);
  });

  test('stderr may be closed', () => {
    const { status, stdout: out } = shell('$FILTER < $INPUT 2>&-', { ...stdout, judge: 'fail' });
    expect(out).toBe(passed);
    expect(status).toBe(0);
  });

  test('non-blocking pipes, slow at both ends', () => {
    const slow =
      '(cat $INPUT; sleep 0.5; head -c 3000000 /dev/zero) | $FILTER | (sleep 1; wc -c); exit ${PIPESTATUS[1]}';
    const { status, stdout: out } = shell(slow, { ...stdout, judge: 'fail', nonBlocking: true });
    expect(Number(out)).toBe(3_000_000 + passed.length);
    expect(status).toBe(0);
  });

  test('memory does not grow with the message', () => {
    const peak = (megabytes: number): number => {
      const command = `(cat $INPUT; head -c ${megabytes}M /dev/zero) | $FILTER > $OUT`;
      const { status, stderr } = shell(command, { ...stdout, judge: 'fail' });
      expect(status).toBe(0);
      const size = readFileSync(join(folder, 'out')).length;
      expect(size).toBe(passed.length + megabytes * 1024 * 1024);
      return Number(/peak (\d+)/.exec(stderr)?.[1]);
    };
    expect(peak(64) - peak(1)).toBeLessThan(16 * 1024);
  });
});

describe('the summary', () => {
  const summary: Orders = { deliver: { kind: 'summary' } };

  test('is one line, and the whole message is read', () => {
    const command = '(cat $INPUT; head -c 3000000 /dev/zero) | $FILTER; echo ${PIPESTATUS[*]}';
    expect(shell(command, { ...summary, prefixBytes: 4096 }).stdout).toBe(
      'X-DSPAM-Result: u; result="Spam"; class="Spam"; probability=0.9998; confidence=0.98; signature=N/A\n0 0\n',
    );
  });

  test.each<Partial<Orders>>([{ judge: 'fail' }, { judge: 'stray' }, { broken: true }])(
    'is not made up: %o',
    (orders) => {
      const { status, stdout: out } = shell('$FILTER < $INPUT', { ...summary, ...orders });
      expect(out).toBe('');
      expect(status).toBe(75);
    },
  );
});

describe('to a command', () => {
  test('the message on a stdin that can be read twice, and the status of the command', () => {
    const twice = script('cat; cat /dev/stdin; exit 99');
    const { status, stdout: out } = shell('cat $INPUT | $FILTER', { ...twice, judge: 'fail' });
    expect(out).toBe(passed + passed);
    expect(status).toBe(99);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('with its lines', () => {
    const { stdout: out } = shell('cat $INPUT | $FILTER', exec('cat'));
    expect(out).toBe(judged);
  });

  test.each<[string, Orders]>([
    ['that is missing', exec('/no/such/command')],
    ['that is killed', script('kill -9 $$')],
    ['with a judge that fails, deferred', { ...exec('cat'), judge: 'fail', onError: 'defer' }],
    ['with a configuration that is wrong', { ...exec('cat'), broken: true }],
  ])('%s: 75', (_, orders) => {
    const { status, stdout: out } = shell('$FILTER < $INPUT', orders);
    expect(out).toBe('');
    expect(status).toBe(75);
    expect(readdirSync(temporary)).toEqual([]);
  });

  const noRoom: readonly (readonly [string, string, Record<string, string>])[] = [
    ['no temporary folder', '', { TMPDIR: '/no/such/folder' }],
    ['a temporary file that may not grow', 'ulimit -f 1;', {}],
  ];
  test.each(noRoom)('%s: the original stdin if it is a file', (_, limit, env) => {
    const large = join(folder, 'large');
    writeFileSync(large, `first line\n${message}${'\n'.repeat(5000)}`, 'latin1');
    const command = `${limit} (read -r first; $FILTER) < ${large}`;
    const given = shell(command, exec('cat'), env);
    expect(given.stdout).toBe(`${message}${'\n'.repeat(5000)}`);
    expect(given.status).toBe(0);
    expect(given.stderr).toContain('unfiltered');
    const deferred = shell(command, { ...exec('cat'), onError: 'defer' }, env);
    expect([deferred.status, deferred.stdout]).toEqual([75, '']);
    const piped = shell(`${limit} cat ${large} | $FILTER`, exec('cat'), env);
    expect([piped.status, piped.stdout]).toEqual([75, '']);
  });

  test('killed before the message is whole, it has run nothing and left nothing', async () => {
    const mark = join(folder, 'mark');
    const orders = JSON.stringify(exec('touch', mark));
    const filter = spawn(process.execPath, ['--import', 'tsx', child, orders], {
      cwd: root,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    filter.stdin.on('error', () => undefined);
    filter.stdin.write(message + 'x'.repeat(1_000_000));
    await pause(1500);
    filter.kill('SIGKILL');
    const [code, signal] = (await once(filter, 'exit')) as [number | null, string | null];
    expect([code, signal]).toEqual([null, 'SIGKILL']);
    expect(readdirSync(folder)).not.toContain('mark');
    expect(readdirSync(temporary).filter((name) => name.startsWith('tamis-'))).toEqual([]);
  });
});

describe('to a Maildir', () => {
  const maildir = (): string => {
    const path = mkdtempSync(join(folder, 'maildir-'));
    for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(path, part));
    return path;
  };
  const into = (path: string): Orders => ({ deliver: { kind: 'maildir', path, spamFolder: '.Spam' } });
  const files = (path: string): string[] => readdirSync(path).map((name) => join(path, name));
  const content = (path: string): string[] => files(path).map((file) => readFileSync(file, 'latin1'));

  test('spam into its folder', () => {
    const path = maildir();
    expect(shell('$FILTER < $INPUT', into(path)).status).toBe(0);
    const [out, ...others] = content(join(path, '.Spam/new'));
    expect(others).toEqual([]);
    expect(out).toBe(judged);
    expect(files(join(path, '.Spam/tmp'))).toEqual([]);
  });

  test('what was not judged into the inbox', () => {
    const path = maildir();
    expect(shell('$FILTER < $INPUT', { ...into(path), judge: 'fail' }).status).toBe(0);
    expect(content(join(path, 'new'))).toEqual([passed]);
  });

  test('spam into the inbox if its folder cannot be made', () => {
    const path = maildir();
    writeFileSync(join(path, '.Spam'), '');
    const { status, stderr } = shell('$FILTER < $INPUT', into(path));
    expect(status).toBe(0);
    expect(stderr).toContain('goes into the inbox');
    expect(content(join(path, 'new'))).toEqual([judged]);
  });

  test('spam into the inbox if its folder takes no messages', () => {
    const path = maildir();
    for (const part of ['.Spam', '.Spam/tmp', '.Spam/cur', '.Spam/new']) mkdirSync(join(path, part));
    // For root, who may write anywhere, the filter runs as another user.
    const uid = process.getuid?.() === 0 ? 65534 : undefined;
    if (uid !== undefined) {
      chmodSync(folder, 0o755);
      for (const part of ['', 'tmp', 'new', '.Spam', '.Spam/tmp']) chownSync(join(path, part), uid, uid);
    }
    chmodSync(join(path, '.Spam/new'), 0o500);
    const orders = uid === undefined ? into(path) : { ...into(path), uid };
    expect(shell('$FILTER < $INPUT', orders).status).toBe(0);
    expect(content(join(path, 'new'))).toEqual([judged]);
    expect(files(join(path, '.Spam/tmp'))).toEqual([]);
  });

  test('75 if nothing can be written there, and nothing is left', () => {
    const { status } = shell('$FILTER < $INPUT', into(input));
    expect(status).toBe(75);
    const path = maildir();
    const large = 'ulimit -f 8; (cat $INPUT; head -c 30000 /dev/zero) | $FILTER';
    expect(shell(large, { ...into(path), judge: 'fail' }).status).toBe(75);
    expect(content(join(path, 'new'))).toEqual([]);
    expect(files(join(path, 'tmp'))).toEqual([]);
  });
});
