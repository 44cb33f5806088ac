/** stdin, stdout or stderr fail, or the command line is wrong. */
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from '../cli/tamis.ts';
import { expectDeferred, expectJudged, expectPassed, message, teach } from './fault.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
  teach(place);
  writeFileSync(place.path('message'), message, 'latin1');
});
afterAll(() => {
  place.remove();
});

const filter = ['--user=joe', '--deliver=stdout'];

describe('stdout', () => {
  test.each([
    ['closed', '"$@" >&-', /stdout is closed/],
    ['full', '"$@" >/dev/full', /no space left/i],
  ])('%s', (_, script, says) => {
    for (const onError of ['pass', 'defer']) {
      const outcome = place.run([...filter, `--on-error=${onError}`], { stdin: message, script });
      expectDeferred(outcome, says);
    }
  });

  test('full, and a summary for it', () => {
    for (const quiet of ['--classify', '--deliver=summary']) {
      expectDeferred(
        place.run(['--user=joe', quiet], { stdin: message, script: '"$@" >/dev/full' }),
        /no space left/i,
      );
    }
  });

  test('closed, and a summary for it', () => {
    for (const quiet of ['--classify', '--deliver=summary']) {
      expectDeferred(
        place.run(['--user=joe', quiet], { stdin: message, script: '"$@" >&-' }),
        /stdout is closed/,
      );
    }
  });

  const printing: readonly (readonly string[])[] = [
    ['stats', '--user=joe', '--json'],
    ['train', '--user=joe', '--spam', 'message', '--json'],
    ['--help'],
  ];
  test.each(printing)('full, and a result for it: %s %s %s', (...args) => {
    expectDeferred(place.run(args, { script: '"$@" >/dev/full' }), /no space left/i);
  });

  test.each(printing)('a reader of a result that has gone: %s %s %s', async (...args) => {
    const child = place.start(args);
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    expect([await once(child, 'close'), said]).toEqual([[75, null], '']);
  });

  test('closed, and nothing to be judged by either', () => {
    const outcome = place.run([...filter, '--config=nowhere'], { stdin: message, script: '"$@" >&-' });
    expect(outcome).toMatchObject({ status: 75, stdout: '' });
    expect(outcome.stderr).toMatch(/stdout is closed/);
  });

  test('a reader that has gone', async () => {
    const child = place.start(filter);
    child.stdout.destroy();
    const closed = once(child, 'exit');
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(Buffer.from(message + '\nx'.repeat(1 << 20), 'latin1'));
    expect(await closed).toEqual([75, null]);
    expect(said).toMatch(/^tamis: the delivery failed, try again later: [^\n]+\n$/);
    expect(said).toContain('EPIPE');
  });
});

describe('stdin', () => {
  test.each([
    ['closed', '"$@" <&-', /There is no message on stdin/],
    ['empty', '"$@" </dev/null', /There is no message on stdin/],
    ['a directory', '"$@" </', /cannot be read from stdin/],
    ['write-only', '"$@" 0>written', /cannot be read from stdin/],
  ])('%s', (_, script, says) => {
    for (const args of [filter, [...filter, '--on-error=defer'], ['--user=joe', '--classify']]) {
      expectDeferred(place.run(args, { script }), says);
    }
    const wrong = place.run([...filter, '--nonsense'], { script });
    expect(wrong).toMatchObject({ status: 75, stdout: '' });
    expect(wrong.stderr).toMatch(says);
  });

  test.each([
    ['closed', '"$@" <&-'],
    ['empty', '"$@" </dev/null'],
  ])('%s is no terminal, where help would do', (_, script) => {
    for (const args of [[], ['foo', '--deliver=stdout']]) {
      const outcome = place.run(args, { script });
      expect(outcome).toMatchObject({ status: 75, stdout: '' });
      expect(outcome.stderr).toMatch(/There is no message on stdin/);
    }
  });

  test('nothing but lines of ours: exit 0 with no message at all must not be', () => {
    const outcome = place.run([...filter, '--nonsense'], { stdin: 'X-DSPAM-Result: Spam\n' });
    expect(outcome).toMatchObject({ status: 75, stdout: '' });
    expect(outcome.stderr).toMatch(/nothing but X-DSPAM lines/);
  });
});

describe('stderr', () => {
  test.each([
    ['closed', '"$@" 2>&-'],
    ['full', '"$@" 2>/dev/full'],
  ])('%s: the message passes all the same', (_, script) => {
    expectJudged(place.run(filter, { stdin: message, script }));
    const outcome = place.run([...filter, '--nonsense'], { stdin: message, script });
    const passes = place.run([...filter, '--nonsense'], { stdin: message });
    expect({ ...outcome, stderr: '', said: [] }).toEqual({ ...passes, stderr: '', said: [] });
    expect(outcome.status).toBe(0);
  });
});

describe('a wrong command line', () => {
  const wrong: Record<string, readonly [readonly string[], RegExp]> = {
    'an unknown option': [['--user=joe', '--frobnicate'], /there is no option --frobnicate/],
    'an unknown short option': [['--user=joe', '-x'], /there is no option -/],
    'a word too many': [['--user=joe', 'train'], /there is no command "train"/],
    'a class without a source': [['--user=joe', '--class=spam'], /--class needs --source/],
    'a source without a class': [['--user=joe', '--source=error'], /--source needs --class/],
    'an unknown class': [
      ['--user=joe', '--class=ham', '--source=error'],
      /--class is spam or innocent, not "ham"/,
    ],
    'an inherited class': [
      ['--user=joe', '--class=constructor', '--source=error'],
      /--class is spam or innocent/,
    ],
    'an unknown source': [
      ['--user=joe', '--class=spam', '--source=me'],
      /--source is corpus, error, inoculation/,
    ],
    'a signature without a class': [
      ['--user=joe', '--signature=6b035fbd30556138'],
      /--signature needs --class/,
    ],
    'no user': [[], /No user is given/],
    'an empty user': [['--user='], /No user is given/],
    'an unknown mode': [
      ['--user=joe', '--mode=sometimes'],
      /--mode is toe, teft, tum, notrain or unlearn, not "sometimes"/,
    ],
    'an unknown --on-error': [['--user=joe', '--on-error=explode'], /--on-error is pass or defer/],
    'an empty home': [['--user=joe', '--home='], /--home takes a value/],
    'a setting without a value': [['--user=joe', '--set'], /--set takes a value/],
    'a command without exec': [['--user=joe', '--', '/bin/cat'], /a command behind -- needs --deliver=exec/],
  };

  test.each(Object.entries(wrong))('%s', (_, [args, says]) => {
    expectPassed(place.run(['--deliver=stdout', ...args], { stdin: message }), says);
    if (args.includes('--on-error=explode')) return;
    expectDeferred(place.run(['--deliver=stdout', '--on-error=defer', ...args], { stdin: message }), says);
    expectDeferred(place.run(['--deliver=summary', ...args], { stdin: message }), says);
  });

  test('an unknown way out: a pipe is likeliest', () => {
    const args = ['--user=joe', '--deliver=stdot'];
    expectPassed(
      place.run(args, { stdin: message }),
      /--deliver is stdout, summary, exec, maildir:PATH or a list/,
    );
    expectDeferred(place.run([...args, '--on-error=defer'], { stdin: message }), /--deliver is stdout/);
  });

  test('no way out named: a pipe is likeliest', () => {
    expectPassed(place.run(['--frobnicate'], { stdin: message }), /there is no option --frobnicate/);
  });

  test.each([
    ['exec without a command', ['--deliver=exec'], /--deliver=exec needs a command/],
    ['a Maildir without a path', ['--deliver=maildir:'], /--deliver is stdout/],
    [
      'exec, and an unknown option',
      ['--deliver=exec', '--frobnicate', '--', '/bin/cat'],
      /no option --frobnicate/,
    ],
    ['a Maildir, and an unknown option', ['--deliver=maildir:box', '--frobnicate'], /no option --frobnicate/],
  ])('%s: what stdout gets would be lost', (_, args, says) => {
    for (const onError of ['pass', 'defer']) {
      expectDeferred(place.run(['--user=joe', `--on-error=${onError}`, ...args], { stdin: message }), says);
    }
  });

  test('a class and nothing to deliver: nothing goes out', () => {
    const args = ['--user=joe', '--class=spam'];
    expectDeferred(place.run(args, { stdin: message }), /--class needs --source/);
  });

  test.each(['train', 'explain', 'stats', 'users', 'purge', 'evaluate'])('of %s: not 0', (command) => {
    const outcome = place.run([command, '--frobnicate'], { stdin: message });
    expect(outcome.status).toBe(64);
    expect(outcome.stdout).toBe('');
    expect(outcome.said).toHaveLength(1);
    expect(outcome.stderr).toMatch(/Wrong command line|name the user/);
  });
});
