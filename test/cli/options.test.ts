import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { fallbackOf, filterCommand, parseWords, type FilterCommand } from '../../src/cli/options.ts';
import { TamisError } from '../../src/errors.ts';

const understood = (...argv: string[]): FilterCommand => filterCommand(parseWords(argv));

describe('the options of the filter', () => {
  test('with = or a blank, in any order', () => {
    const expected = {
      user: 'joe',
      deliver: { kind: 'summary' },
      onError: 'defer',
      classify: false,
      client: false,
      lesson: undefined,
      settings: {},
      config: { home: '/h', config: undefined, set: ['a=1', 'b=2'] },
    };
    expect(
      understood(
        '--user=joe',
        '--deliver=summary',
        '--on-error=defer',
        '--home=/h',
        '--set=a=1',
        '--set=b=2',
      ),
    ).toEqual(expected);
    expect(
      understood(
        '--set',
        'a=1',
        '--home',
        '/h',
        '--set',
        'b=2',
        '--on-error',
        'defer',
        '--deliver',
        'summary',
        '--user',
        'joe',
      ),
    ).toEqual(expected);
  });

  test('a user name is a word, whatever it looks like', () => {
    for (const user of [
      '5',
      '1e3',
      '007',
      'true',
      '-rf',
      '--classify',
      '$(id)',
      'a=b',
      ' ',
      '0x10',
      '"joe"',
      '--home=/x@h',
      '--',
    ]) {
      expect(understood(`--user=${user}`).user).toBe(user);
      expect(understood('--user', user).user).toBe(user);
    }
  });

  test.each([
    ['--home', 'takes a value'],
    ['--home=', 'takes a value'],
    ['--set', 'takes a value'],
    ['--signature=', 'takes a value'],
    ['--classify=no', 'takes no value'],
  ])('%s is refused: it %s', (option, says) => {
    expect(() => understood('--user=u', option)).toThrow(says);
  });

  test('what stands behind -- belongs to the command', () => {
    const { deliver } = understood(
      '--user=u',
      '--deliver=exec',
      '--',
      'cmd',
      '--user=x',
      '-1',
      '007',
      '--',
      '--set',
    );
    expect(deliver).toEqual({ kind: 'exec', command: ['cmd', '--user=x', '-1', '007', '--', '--set'] });
  });

  test('a Maildir may have any name', () => {
    expect(understood('--user=u', '--deliver=maildir:/a b:c=d/', '--spam-folder=.Junk').deliver).toEqual({
      kind: 'maildir',
      path: '/a b:c=d/',
      spamFolder: '.Junk',
    });
  });

  test('--mode is a setting', () => {
    expect(understood('--user=u', '--mode=teft').config.set).toEqual(['trainingMode=teft']);
    expect(
      understood('--user=u', '--mode=teft', '--set=enableBNR=on', '--set=store=memory').settings,
    ).toEqual({
      trainingMode: 'teft',
      enableBNR: 'on',
    });
  });

  test('a lesson delivers only where it is asked to', () => {
    const lesson = ['--user=u', '--class=nonspam', '--source=error', '--signature=6b035fbd30556138'];
    expect(understood(...lesson)).toMatchObject({
      deliver: undefined,
      lesson: { spam: false, source: 'error', signature: '6b035fbd30556138' },
    });
    expect(understood(...lesson, '--deliver=stdout').deliver).toEqual({ kind: 'stdout' });
    expect(() => understood(...lesson, '--classify')).toThrow('--classify learns nothing');
  });
});

const word = fc.oneof(
  fc.constantFrom(
    ...[
      '--user',
      '--user=joe',
      '--deliver',
      '--deliver=stdout',
      'stdout',
      'exec',
      '--',
      '--set',
      '--set=',
      'a=1',
    ],
    ...[
      '--class=spam',
      '--source',
      '--classify',
      '--no-classify',
      '--on-error=defer',
      '--__proto__=1',
      '-',
      '-u',
      '',
    ],
  ),
  fc.string(),
);

test('a command line is understood or refused with a sentence, and can always fail', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
      const parsed = parseWords(argv);
      expect(['pass', 'defer']).toContain(fallbackOf(parsed).onError);
      try {
        expect(filterCommand(parsed).user).not.toBe('');
      } catch (error) {
        expect(error).toBeInstanceOf(TamisError);
      }
    }),
  );
});

describe('how to fail', () => {
  const fallback = (...argv: string[]) => fallbackOf(parseWords(argv));

  test('mail for stdout passes to stdout', () => {
    for (const argv of [['--nonsense'], [], ['--deliver=stdout', '--class'], ['--deliver', 'stdout', 'x']]) {
      expect(fallback(...argv)).toEqual({ deliver: { kind: 'stdout' }, onError: 'pass' });
    }
    expect(fallback('--on-error=defer', '--nonsense').onError).toBe('defer');
  });

  test('where no message is wanted, none goes out', () => {
    for (const argv of [
      ['--classify'],
      ['--deliver=summary'],
      ['--class=spam'],
      ['--signature=6b035fbd30556138'],
    ]) {
      expect(fallback('--nonsense', ...argv).deliver).toBeUndefined();
    }
  });

  test('a command or a Maildir that is not well named is not replaced by stdout', () => {
    for (const argv of [
      ['--deliver=exec'],
      ['--deliver=maildir:'],
      ['--deliver', 'exec', '--'],
      ['--user', '--deliver=exec', '--', 'cat'],
    ]) {
      expect(fallback(...argv).deliver?.kind).not.toBe('stdout');
    }
  });
});
