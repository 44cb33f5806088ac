/** The daemon under the supervisors of examples/, started, used with spamc, and stopped. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { field, mail, withoutOurs } from '../cli/mail.ts';
import { Place, program, root } from '../cli/tamis.ts';
import { describeAsRoot, describeWith } from '../peers.ts';

/** How long to wait for what must come, in milliseconds, on a busy machine. */
const patience = 30_000;
const nobody = 65_534;

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => {
  place.remove();
});

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + patience;
  while (!holds()) {
    if (performance.now() > end) throw new Error('it did not come');
    await sleep(50);
  }
}

function spamc(socket: string, message: string): string {
  const { stdout } = spawnSync('spamc', ['-U', socket, '-u', 'joe'], { input: message });
  return stdout.toString();
}

describeWith(['supervise', 'svc', 'svstat', 'multilog', 'setuidgid', 'spamc'], (supervise, svc, svstat) => {
  describeAsRoot('daemontools', () => {
    test('runs it as the user of the service, logs, and stops it', async () => {
      const service = place.path('service');
      const run = place.path('run');
      cpSync(join(root, 'examples/daemontools'), service, { recursive: true });
      mkdirSync(place.home, { recursive: true });
      chownSync(place.home, nobody, nobody);
      for (const file of ['run', 'log/run']) {
        const path = join(service, file);
        const text = readFileSync(path, 'utf8')
          .replaceAll('tamis:tamis', 'nobody')
          .replaceAll('setuidgid tamis', 'setuidgid nobody')
          .replaceAll('/usr/bin/node', `env TAMIS_HOME=${place.home} ${program[0]}`)
          .replaceAll('/usr/local/bin/tamis', program.slice(1).join(' '))
          .replaceAll('/run/tamis', run);
        writeFileSync(path, text);
        chmodSync(path, 0o755);
      }
      const log = spawn(supervise, [join(service, 'log')], { stdio: ['pipe', 'ignore', 'ignore'] });
      const daemon = spawn(supervise, [service], { stdio: ['ignore', log.stdin, 'ignore'] });
      try {
        const current = join(service, 'log/main/current');
        const logged = (): string => (existsSync(current) ? readFileSync(current, 'utf8') : '');
        await until(() => logged().includes('tamis: ready'));
        expect(spawnSync(svstat, [service]).stdout.toString()).toContain(': up (pid ');
        const message = mail({ id: 'service' });
        const out = spamc(join(run, 'spamd.sock'), message);
        expect(field(out, 'X-DSPAM-Result')).toBe('Innocent');
        expect(withoutOurs(out)).toBe(message);
        await until(() => logged().includes('"user":"joe"'));
        spawnSync(svc, ['-dx', service]);
        await once(daemon, 'exit');
        expect(spamc(join(run, 'spamd.sock'), message)).toBe(message);
      } finally {
        spawnSync(svc, ['-dkx', service, join(service, 'log')]);
        daemon.kill('SIGKILL');
        log.kill('SIGKILL');
      }
    });
  });
});

/** A supervisor that runs a folder of examples/ from a scan directory. */
interface Scanner {
  readonly folder: string;
  /** Its programs, the first of which runs the services of a scan directory. */
  readonly programs: readonly string[];
  /** How the scan directory is run, a service is looked at, and both are ended. */
  readonly scan: (services: string) => readonly [string, ...string[]];
  readonly look: (service: string) => readonly [string, ...string[]];
  readonly up: RegExp;
  readonly end: (service: string) => readonly [string, ...string[]];
}

const scanners: readonly Scanner[] = [
  {
    folder: 'runit',
    programs: ['runsv', 'sv', 'chpst', 'svlogd'],
    scan: (services) => ['runsv', join(services, 'tamis')],
    look: (service) => ['sv', 'status', service],
    up: /^run: /,
    end: (service) => ['sv', '-w', '30', 'exit', service],
  },
  {
    folder: 's6',
    programs: ['s6-svscan', 's6-svscanctl', 's6-svstat', 's6-setuidgid', 's6-log'],
    scan: (services) => ['s6-svscan', services],
    look: (service) => ['s6-svstat', service],
    up: /^up /,
    end: (service) => ['s6-svscanctl', '-t', join(service, '..')],
  },
];

describe.each(scanners)('$folder', ({ folder, programs, scan, look, up, end }) => {
  describeWith([...programs, 'spamc'], () => {
    describeAsRoot('a service', () => {
      test('runs, logs, and ends with what it does', async () => {
        const services = place.path('services');
        const service = join(services, 'tamis');
        const run = place.path('run');
        cpSync(join(root, 'examples', folder), service, { recursive: true });
        mkdirSync(place.home, { recursive: true });
        chownSync(place.home, nobody, nobody);
        for (const file of ['run', 'log/run']) {
          const path = join(service, file);
          const text = readFileSync(path, 'utf8')
            .replaceAll(' tamis:tamis', ' nobody:nogroup')
            .replaceAll('s6-setuidgid tamis', 's6-setuidgid nobody')
            .replaceAll('/usr/bin/node', `env TAMIS_HOME=${place.home} ${program[0]}`)
            .replaceAll('/usr/local/bin/tamis', program.slice(1).join(' '))
            .replaceAll('/run/tamis', run);
          writeFileSync(path, text);
          chmodSync(path, 0o755);
        }
        const [command, ...args] = scan(services);
        const scanner = spawn(command, args, { stdio: 'ignore' });
        const ended = once(scanner, 'exit');
        const does = ([name, ...words]: readonly [string, ...string[]]): string =>
          spawnSync(name, words).stdout.toString();
        try {
          const current = join(service, 'log/main/current');
          const logged = (): string => (existsSync(current) ? readFileSync(current, 'utf8') : '');
          await until(() => logged().includes('tamis: ready'));
          expect(does(look(service))).toMatch(up);
          const message = mail({ id: folder });
          const out = spamc(join(run, 'spamd.sock'), message);
          expect(field(out, 'X-DSPAM-Result')).toBe('Innocent');
          expect(withoutOurs(out)).toBe(message);
          await until(() => logged().includes('"user":"joe"'));
          does(end(service));
          await ended;
          expect(spamc(join(run, 'spamd.sock'), message)).toBe(message);
        } finally {
          does(end(service));
          scanner.kill('SIGTERM');
          await ended;
        }
      });
    });
  });
});

describeWith(['spamc', 'perl'], () => {
  test('a socket that systemd passes on is served', async () => {
    const socket = place.path('passed.sock');
    mkdirSync(place.home);
    // As systemd does: the descriptor 3, its name, and the pid it is meant for.
    const script = `use IO::Socket::UNIX; $^F = 10; use POSIX;
      my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 10) or die; POSIX::dup2(fileno($s), 3);
      $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_FDNAMES} = "spamd"; shift; exec @ARGV;`;
    const child = spawn('perl', ['-e', script, socket, ...program, 'serve', '--spamd', 'systemd:spamd'], {
      env: place.env(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    await until(() => said.includes('tamis: ready'));
    const message = mail({ id: 'passed' });
    expect(withoutOurs(spamc(socket, message))).toBe(message);
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    expect(status).toBe(0);
  });
});

describe('the systemd unit', () => {
  test('runs what the daemontools run file runs', () => {
    const unit = readFileSync(join(root, 'examples/systemd/tamis.service'), 'utf8');
    const run = readFileSync(join(root, 'examples/daemontools/run'), 'utf8');
    const command = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '';
    expect(run).toContain(`setuidgid tamis ${command}\n`);
    for (const folder of ['runit', 's6'])
      expect(readFileSync(join(root, 'examples', folder, 'run'), 'utf8')).toContain(` ${command}\n`);
  });
});
