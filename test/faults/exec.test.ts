/** Delivery by a command: its status is ours, and it gets the whole message or is not run. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Place, type Outcome, type Surroundings } from '../cli/tamis.ts';
import { expectDeferred, expectJudged, expectPassed, isRoot, message, nobody, teach } from './fault.ts';

let place: Place;
const mounts: string[] = [];
beforeAll(() => {
  place = new Place();
  teach(place);
  writeFileSync(place.path('message'), message, 'latin1');
});
afterEach(() => {
  for (const mount of mounts.splice(0)) execFileSync('umount', [mount]);
  // Whatever happens, no temporary file is left.
  expect(readdirSync(place.temporary)).toEqual([]);
});
afterAll(() => {
  place.remove();
});

/** Delivers to a command. */
function exec(
  command: readonly string[],
  surroundings: Surroundings = {},
  args: readonly string[] = [],
): Outcome {
  return place.run(['--user=joe', '--deliver=exec', ...args, '--', ...command], {
    stdin: message,
    ...surroundings,
  });
}

test('the command gets the judged message as a file that it can seek in', () => {
  expectJudged(exec(['/bin/cat']));
  const twice = exec(['/usr/bin/perl', '-e', 'print <STDIN>; seek(STDIN, 0, 0) or die; print <STDIN>']);
  expect(twice.status).toBe(0);
  const half = twice.stdout.length / 2;
  expectJudged({ ...twice, stdout: twice.stdout.slice(half) });
  expect(twice.stdout.slice(0, half)).toBe(twice.stdout.slice(half));
});

test.each([0, 1, 3, 64, 75, 77, 111, 255])('the status %i of the command is ours', (status) => {
  expect(exec(['/bin/sh', '-c', `exit ${status}`])).toMatchObject({ status, stdout: '', stderr: '' });
});

test('arguments reach the command as they are, without a shell', () => {
  const { stdout } = exec(['/usr/bin/printf', '%s\\n', '$(id)', '--user=x', 'a b', '-', '1e3']);
  expect(stdout).toBe('$(id)\n--user=x\na b\n-\n1e3\n');
});

test('a command that is missing, cannot be run, or is killed: try again', () => {
  expectDeferred(exec(['/nonexistent']), /nonexistent cannot be run/);
  expectDeferred(exec([place.path('message')]), /message cannot be run/);
  expectDeferred(exec(['/bin/sh', '-c', 'kill -9 $$']), /was killed by SIGKILL/);
});

test('a message that cannot be judged: the command gets it unjudged, or is not run', () => {
  const home = ['--home', place.path('message')];
  expectPassed(exec(['/bin/cat'], {}, home), /A file stands where a directory should be/);
  expectDeferred(exec(['/bin/cat'], {}, [...home, '--on-error=defer']), /A file stands where/);
});

test('a command line or configuration that is wrong: the command is not run', () => {
  expectDeferred(exec(['/bin/cat'], {}, ['--config=nowhere']), /Cannot use the configuration/);
  expectDeferred(exec(['/bin/cat'], {}, ['--user=']), /No user is given/);
});

describe('no temporary file', () => {
  const says = /No temporary file can be made/;

  /** The command gets stdin as it came, from where the message began. */
  function expectOriginal(outcome: Outcome): void {
    expect(outcome).toMatchObject({ status: 0, stdout: message });
    expect(outcome.said).toHaveLength(2);
    expect(outcome.stderr).toMatch(says);
    expect(outcome.stderr).toMatch(/gets the message unfiltered/);
  }

  const nowhere = { env: { TMPDIR: '/nonexistent' } };

  test('and stdin a file: the command gets that', () => {
    expectOriginal(exec(['/bin/cat'], { ...nowhere, script: '"$@" <message' }));
    const begun = {
      ...nowhere,
      script: '{ printf "before\\n"; cat message; } >begun; { read line; "$@"; } <begun',
    };
    expectOriginal(exec(['/bin/cat'], begun));
  });

  test('and stdin a file, but unfiltered mail is not wanted: try again', () => {
    const outcome = exec(['/bin/cat'], { ...nowhere, script: '"$@" <message' }, ['--on-error=defer']);
    expect(outcome).toMatchObject({ status: 75, stdout: '' });
  });

  test('and stdin a pipe: try again', () => {
    const outcome = exec(['/bin/cat'], { ...nowhere, script: 'cat message | "$@"' });
    expect(outcome).toMatchObject({ status: 75, stdout: '' });
    expect(outcome.stderr).toMatch(says);
  });

  test.skipIf(!isRoot)('because $TMPDIR cannot be written', () => {
    const temporary = place.path('unwritable');
    mkdirSync(temporary, { mode: 0o755 });
    const env = { TMPDIR: temporary, TAMIS_HOME: place.path('nobody') };
    expectOriginal(exec(['/bin/cat'], { env, uid: nobody, script: '"$@" <message' }));
    rmSync(temporary, { recursive: true });
  });

  test.skipIf(!isRoot)('because $TMPDIR is full', () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', place.temporary]);
    mounts.push(place.temporary);
    const long = `${message}${'\nx'.repeat(100_000)}`;
    writeFileSync(place.path('long'), long, 'latin1');
    const given = exec(['/bin/cat'], { script: '"$@" <long' });
    expect(given).toMatchObject({ status: 0, stdout: long });
    const piped = exec(['/bin/cat'], { stdin: long, script: 'cat | "$@"' });
    expect(piped).toMatchObject({ status: 75, stdout: '' });
  });
});
