/** Each situation that `tamis doctor` finds is made for real; what it says to type is typed, where that ends the situation. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { Finding } from '../../src/doctor/finding.ts';
import { Place, program, root } from '../cli/tamis.ts';
import { Daemon } from '../daemon/daemon.ts';
import { isRoot, nobody, teach } from '../faults/fault.ts';
import { describeAsRoot, describeWith } from '../peers.ts';

let place: Place;
const mounts: string[] = [];
const children: ChildProcess[] = [];
beforeEach(() => {
  place = new Place();
  teach(place);
  if (isRoot) execFileSync('chown', ['-R', `${nobody}:${nobody}`, place.home]);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const mount of mounts.splice(0)) execFileSync('umount', [mount]);
  place.remove();
});

/** What it finds; it fails if the status does not say whether it found anything. */
function doctor(...args: readonly string[]): readonly Finding[] {
  const { status, stdout, stderr } = place.run(['doctor', '--json', ...args]);
  expect(stderr).toBe('');
  const findings = JSON.parse(stdout) as readonly Finding[];
  expect(status).toBe(findings.length === 0 ? 0 : 1);
  return findings;
}

/** That it finds this alone; the sentence has the words. */
function expectFound(
  findings: readonly Finding[],
  code: Finding['code'],
  ...words: readonly string[]
): Finding {
  expect(findings.map((finding) => finding.code)).toEqual([code]);
  const [finding] = findings;
  if (finding === undefined) throw new Error('nothing is found');
  for (const word of words) expect(finding.sentence).toContain(word);
  return finding;
}

function type(finding: Finding): void {
  const { status, stderr } = spawnSync('/bin/sh', ['-c', finding.type]);
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
}

const folder = (): string => join(place.home, 'users/joe');
const tables = (): string[] => readdirSync(join(folder(), 'db')).map((name) => join(folder(), 'db', name));

describe('an installation', () => {
  test('in which nothing is wrong', () => {
    expect(doctor()).toEqual([]);
    const { status, stdout, stderr } = place.run(['doctor']);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'Nothing is wrong.\n', stderr: '' });
  });

  test('with a wrong configuration', () => {
    writeFileSync(place.path('tamis.toml'), 'trainingMod = "toe"\n');
    expectFound(doctor(), 'CONFIG', place.path('tamis.toml'), 'trainingMod');
  });

  test('of which a person reads a line each, and what to type', () => {
    writeFileSync(place.path('tamis.toml'), 'nonsense');
    const { status, stdout } = place.run(['doctor']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^CONFIG: Cannot use .*\n {4}vi .*tamis\.toml\n$/);
  });

  test('with a user who does not exist', () => {
    const { status, stdout, stderr } = place.run(['doctor', '--as', 'nobody-of-that-name']);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toContain('"nobody-of-that-name"');
  });
});

describeAsRoot('who delivers', () => {
  test.each(['0640', '0600'])('cannot read the configuration of mode %s', (mode) => {
    chmodSync(place.path('tamis.toml'), mode);
    const file = place.path('tamis.toml');
    const finding = expectFound(
      doctor('--as=nobody:nogroup'),
      'CONFIG_UNREADABLE',
      file,
      'nobody',
      'nogroup',
    );
    expect(finding.type).toContain('chgrp nogroup');
    type(finding);
    expect(doctor('--as=nobody:nogroup')).toEqual([]);
  });

  test('cannot enter the folder of the configuration', () => {
    const etc = place.path('etc');
    mkdirSync(etc, { mode: 0o700 });
    writeFileSync(join(etc, 'tamis.toml'), '');
    const finding = expectFound(
      doctor('--config', join(etc, 'tamis.toml')),
      'CONFIG_UNREADABLE',
      `${etc} is closed`,
    );
    type(finding);
    expect(doctor('--config', join(etc, 'tamis.toml'))).toEqual([]);
  });

  test('has groups that mail hosts do not give it', () => {
    // Root’s own group must not help: nobody is looked at without it.
    chmodSync(place.path('tamis.toml'), 0o640);
    chownSync(place.path('tamis.toml'), 1, 0);
    expectFound(doctor(), 'CONFIG_UNREADABLE');
  });

  test('cannot read the program', () => {
    const closed = place.path('closed');
    mkdirSync(closed, { mode: 0o700 });
    cpSync(join(root, 'dist'), join(closed, 'dist'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(closed, 'node_modules'));
    const { stdout } = spawnSync(process.execPath, [join(closed, 'dist/tamis.js'), 'doctor', '--json'], {
      env: place.env(),
    });
    expectFound(JSON.parse(stdout.toString()) as Finding[], 'PROGRAM_UNREADABLE', `${closed} is closed`);
  });

  test('is not the owner of the home', () => {
    expectFound(doctor('--as=daemon'), 'HOME_OWNER', 'nobody', 'daemon', place.home);
    type(doctor('--as=daemon')[0] as Finding);
    expect(doctor('--as=daemon')).toEqual([]);
  });

  test('finds a file of root in the home', () => {
    chownSync(join(folder(), 'db/CURRENT'), 0, 0);
    const finding = doctor().find(({ code }) => code === 'FILE_OWNER') as Finding;
    expect(finding.sentence).toContain('CURRENT belongs to root');
    type(finding);
    expect(doctor()).toEqual([]);
  });

  test('cannot write to the home', () => {
    chmodSync(place.home, 0o555);
    const finding = expectFound(doctor(), 'HOME_UNWRITABLE', place.home);
    expect(finding.type).toContain('chmod u+rwx');
  });

  test('has no home', () => {
    rmSync(place.home, { recursive: true });
    const finding = expectFound(doctor('--as=nobody:nogroup'), 'HOME_MISSING', place.home);
    type(finding);
    expect(doctor('--as=nobody:nogroup')).toEqual([]);
  });

  test('cannot connect to the socket', async () => {
    const daemon = new Daemon();
    try {
      await daemon.start();
      chownSync(daemon.place.home, nobody, nobody);
      const args = ['--home', daemon.place.home, '--spamd', daemon.spamd, '--socket', daemon.socket];
      const findings = doctor(...args);
      expect(findings.map(({ code }) => code)).toEqual(['SOCKET_UNREACHABLE', 'SOCKET_UNREACHABLE']);
      expect(findings[0]?.sentence).toContain(daemon.socket);
      for (const finding of findings) type(finding);
      expect(doctor(...args)).toEqual([]);
    } finally {
      await daemon.remove();
    }
  });

  test('is not us, and we are not root', () => {
    const { status, stderr } = place.run(['doctor', '--as=daemon'], { uid: nobody });
    expect(status).toBe(64);
    expect(stderr).toContain('Only root can look with the eyes of daemon');
  });
});

describeWith(['softlimit', 'prlimit'], () => {
  test('softlimit -a around tamis itself', () => {
    const { stdout, status } = place.run(['doctor', '--json'], {
      script: 'exec softlimit -a 1400000000 "$@"',
    });
    expect(status).toBe(1);
    expectFound(JSON.parse(stdout) as Finding[], 'ADDRESS_SPACE', 'This process itself', '1400000000');
  });

  describeAsRoot('another process', () => {
    test('softlimit -m around qmail', () => {
      const lspawn = place.path('qmail-lspawn');
      copyFileSync('/bin/sleep', lspawn);
      chmodSync(lspawn, 0o755);
      children.push(spawn('softlimit', ['-m', '40000000000', lspawn, '100']));
      const found = (): readonly Finding[] => {
        for (let n = 0; n < 20; n++) {
          const findings = doctor();
          if (findings.length > 0) return findings;
        }
        return [];
      };
      const finding = expectFound(found(), 'ADDRESS_SPACE', 'qmail-lspawn', '40000000000', 'softlimit -m');
      type(finding);
      expect(doctor()).toEqual([]);
    });
  });
});

describeAsRoot('the disk', () => {
  test.each([
    ['nearly full', 'DISK_LOW', 60],
    ['full', 'DISK_FULL', 100],
  ] as const)('is %s', (_, code, mebibytes) => {
    const saved = place.path('saved');
    renameSync(place.home, saved);
    mkdirSync(place.home);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', place.home]);
    mounts.push(place.home);
    // Without what was learned: opening a store on a full disk is another finding.
    chownSync(place.home, nobody, nobody);
    spawnSync('fallocate', ['-l', `${mebibytes - 1}M`, join(place.home, 'ballast')]);
    chownSync(join(place.home, 'ballast'), nobody, nobody);
    const { type: words } = expectFound(doctor(), code, place.home, 'MiB');
    expect(words).toContain('df -h');
    rmSync(join(place.home, 'ballast'));
    expect(doctor()).toEqual([]);
  });
});

describe('the clock', () => {
  test('was ahead when something was learned', () => {
    const ahead = new Date('2100-01-01');
    utimesSync(join(folder(), 'db/CURRENT'), ahead, ahead);
    const finding = expectFound(doctor(), 'CLOCK', 'CURRENT is dated 2100-01-01');
    type({ ...finding, type: finding.type.slice(finding.type.indexOf('find ')) });
    expect(doctor()).toEqual([]);
  });
});

describe('a store', () => {
  test('is damaged: a table is missing', () => {
    // What is in the log goes into a table when it is opened.
    place.run(['stats', '--user=joe']);
    const table = tables().find((path) => path.endsWith('.ldb'));
    rmSync(table ?? '');
    const finding = expectFound(doctor(), 'STORE_CORRUPT', folder());
    type(finding);
    expect(existsSync(folder())).toBe(false);
    expect(doctor()).toEqual([]);
  });

  test('is damaged: a table is cut', () => {
    place.run(['stats', '--user=joe']);
    const table = tables().find((path) => path.endsWith('.ldb')) ?? '';
    truncateSync(table, readFileSync(table).length >> 1);
    expectFound(doctor(), 'STORE_CORRUPT', folder());
  });

  test('is damaged: CURRENT names nothing', () => {
    writeFileSync(join(folder(), 'db/CURRENT'), 'MANIFEST-999999\n');
    expectFound(doctor(), 'STORE_CORRUPT', folder());
  });

  test('is held by a process that hangs', async () => {
    const script = `const { Level } = require('level');
      new Level(process.argv[1]).open().then(() => { console.log('open'); setInterval(() => {}, 1000); });`;
    const db = join(folder(), 'db');
    const holder = spawn(process.execPath, ['-e', script, db], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    });
    children.push(holder);
    await once(holder.stdout, 'data');
    const finding = expectFound(doctor(), 'STORE_LOCKED', `Process ${holder.pid ?? 0} (`, 'joe');
    expect(finding.type).toBe(`kill ${holder.pid ?? 0}`);
    const ended = once(holder, 'exit');
    type(finding);
    await ended;
    expect(doctor()).toEqual([]);
  });

  test('is of another format', () => {
    const database = join(folder(), 'db');
    execFileSync(
      process.execPath,
      [
        '-e',
        `const { Level } = require('level'); const db = new Level(process.argv[1], { keyEncoding: 'view', valueEncoding: 'view' });
       db.put(Uint8Array.of(118), Uint8Array.of(9)).then(() => db.close());`,
        database,
      ],
      { cwd: root },
    );
    if (isRoot) execFileSync('chown', ['-R', `${nobody}:${nobody}`, place.home]);
    expectFound(doctor(), 'STORE_VERSION', database, 'format 9');
  });
});

describe('the daemon', () => {
  test('does not answer: a socket is left over', async () => {
    const path = place.path('left.sock');
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', script, path]), 'exit');
    expect(existsSync(path)).toBe(true);
    if (isRoot) chownSync(path, nobody, nobody);
    for (const name of ['socket', 'spamd', 'lmtp'])
      expectFound(doctor(`--${name}=${path}`), 'DAEMON_SILENT', path, name);
  });

  test('does not answer: something else listens', async () => {
    const path = place.path('other.sock');
    const child = spawn(
      process.execPath,
      [
        '-e',
        `require('node:net').createServer((s) => s.end('hello\\n')).listen(process.argv[1], () => console.log(1))`,
        path,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    children.push(child);
    await once(child.stdout, 'data');
    if (isRoot) chownSync(path, nobody, nobody);
    expectFound(doctor(`--spamd=${path}`), 'DAEMON_SILENT', 'It says "hello');
    expectFound(doctor(`--socket=${path}`), 'DAEMON_SILENT', 'ended in the middle of its answer');
  });

  test('does not answer: nothing is there', () => {
    expectFound(doctor('--spamd=127.0.0.1:1'), 'DAEMON_SILENT', '127.0.0.1:1');
    expectFound(doctor('--socket', place.path('none.sock')), 'DAEMON_SILENT', 'none.sock');
  });

  test('is of another version, and serves another home', async () => {
    const old = place.path('old');
    mkdirSync(old);
    cpSync(join(root, 'dist'), join(old, 'dist'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(old, 'node_modules'));
    const commands = join(old, 'dist/commands.js');
    const text = readFileSync(commands, 'utf8');
    expect(text).toContain(`version:"${manifest.version}"`);
    writeFileSync(commands, text.replaceAll(`version:"${manifest.version}"`, 'version:"0.0.9"'));
    const socket = place.path('old.sock');
    const home = place.path('elsewhere');
    mkdirSync(home);
    const daemon = spawn(
      program[0],
      [join(old, 'dist/tamis.js'), 'serve', '--home', home, '--socket', socket],
      {
        env: place.env(),
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    children.push(daemon);
    for (let said = ''; !said.includes('ready');) said += String((await once(daemon.stderr, 'data'))[0]);
    if (isRoot) chownSync(socket, nobody, nobody);
    const findings = doctor('--socket', socket);
    expect(findings.map(({ code }) => code)).toEqual(['DAEMON_VERSION', 'DAEMON_HOME']);
    expect(findings[0]?.sentence).toContain(`is tamis 0.0.9, this is ${manifest.version}`);
    expect(findings[1]?.sentence).toContain(home);
  });

  test('is well, and works on the stores meanwhile', async () => {
    const daemon = new Daemon();
    try {
      await daemon.start();
      const sockets = ['--spamd', daemon.spamd, '--socket', daemon.socket, '--home', daemon.place.home];
      expect(doctor(...sockets)).toEqual([]);
    } finally {
      await daemon.remove();
    }
  });
});
