/** Names that try to be commands, and options of rules, for property tests. A command that is obeyed leaves a file `trap` behind. */
import fc from 'fast-check';
import type { RuleOptions } from '../../src/rules/options.ts';

const parts = [
  "'",
  '"',
  '`',
  '\\',
  '$',
  ' ',
  '#',
  ';',
  '&',
  '|',
  '!',
  '{',
  '}',
  '%',
  '*',
  '~',
  '=',
  '-',
  'a',
  'B',
  'ä',
  '台',
  '😀',
  '${HOME}',
  '${user}',
  '$HOME',
  '$(touch trap)',
  '`touch trap`',
  ';touch trap;',
  "';touch trap;'",
  '";touch trap;"',
  '\\";touch trap;\\"',
  '\\N',
  '$$',
] as const;

/** A name without control characters. */
export const hostileName: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 6 })
  .map((words) => words.join(''));

/** A name as a host's variable may hold it, with line ends. */
export const hostileValue: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...parts, '\n', '\r', '\t', '\ntouch trap\n'), { minLength: 1, maxLength: 6 })
  .map((words) => words.join(''));

/** The name of a folder: up to three levels. */
export const folderName: fc.Arbitrary<string> = fc
  .array(hostileName, { minLength: 1, maxLength: 3 })
  .map((levels) => levels.join('/'));

/** All that hosts which file mail can be asked for, but for the program. */
export const anyOptions: fc.Arbitrary<Omit<RuleOptions, 'program'>> = fc.record(
  {
    user: hostileName,
    folder: folderName,
    layout: fc.constantFrom('maildir++', 'fs'),
    prefix: fc.constantFrom('', 'INBOX.', 'Mail/'),
    separator: fc.constantFrom('.', '/'),
    subscribe: fc.constantFrom('dovecot', 'courier', 'none'),
    markRead: fc.boolean(),
    tagAbove: fc.constantFrom(0.0001, 0.5, 0.98, 0.9999, 1),
    discardAbove: fc.constantFrom(0.0001, 0.5, 0.98, 0.9999, 1),
    minConfidence: fc.constantFrom(0.0001, 0.5, 0.98, 0.9999, 1),
    whitelist: fc.subarray(['a@example.org', '@example.org', 'boss+1@example.net', '@xn--bcher-kva.example', 'a@example.or']),
    onFailure: fc.constantFrom('defer', 'inbox'),
    via: fc.constantFrom('tamis', 'tamisc', 'spamc', 'lmtp'),
  },
  { requiredKeys: [] },
);
