/** Which command lines are for a command, where stdin is no terminal: all others are for mail. */
import { describe, expect, test } from 'vitest';
import { isCommand } from '../../src/cli/names.ts';
import { tied } from '../../src/cli/words.ts';

describe('a command line', () => {
  test.each([
    ['train'],
    ['--help'],
    ['-h'],
    ['--version'],
    ['--home', 'H', 'stats', '--user', 'joe'],
    ['--home=H', '--config', 'F', '--set', 'a=1', 'purge'],
    ['--user', 'joe', '--help'],
  ])('of a command: %s %s %s', (...argv) => {
    expect(isCommand(argv)).toBe(true);
  });

  test.each([
    [],
    ['trian'],
    ['foo', '--deliver=stdout'],
    ['--user', 'joe', 'stats'],
    ['--user', '--help'],
    ['--home', 'stats', '--user=joe'],
    ['--user=joe', '--deliver=exec', '--', 'train', '--help'],
    ['--', 'train'],
    ['-xh'],
  ])('of the filter: %s %s %s', (...argv) => {
    expect(isCommand(argv)).toBe(false);
  });
});

test('values are tied to their options, but not to others and not behind --', () => {
  expect(tied(['stats', '--user', '-joe', '--json', '--home', '--', '--set'])).toEqual([
    'stats',
    '--user=-joe',
    '--json',
    '--home=--',
    '--set',
  ]);
  expect(tied(['users', 'add', '--', '--user', 'joe'])).toEqual(['users', 'add', '--', '--user', 'joe']);
});
