import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeName, encodeName, folderOf, isHashed } from '../../src/store/names.ts';

/** Any string of JavaScript, halves of surrogate pairs and what an encoding might look like included. */
const name = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({
    unit: fc.constantFrom('.', '-', '%', 'u', 's', 'A', 'a', '0', '\ud83d', '\ude00', 'é'),
    minLength: 1,
  }),
);

describe('the folder of a user', () => {
  test.each([
    ['joe@example.org', 'joe@example.org'],
    ['joe.doe+list=x@example.org', 'joe.doe+list=x@example.org'],
    ['Joe', '%4Aoe'],
    ['../../etc/x', '%2E.%2F..%2Fetc%2Fx'],
    ['$(id)', '%24%28id%29'],
    ['.', '%2E'],
    ['..', '%2E%2E'],
    ['.hidden', '%2Ehidden'],
    ['-rf', '%2Drf'],
    ['a b\n', 'a%20b%0A'],
    ['100%', '100%25'],
    ['\0', '%00'],
    ['zoë', 'zo%C3%AB'],
    ['\u{1f600}', '%F0%9F%98%80'],
    ['\ud83d', '%uD83D'],
    ['\ufffd', '%EF%BF%BD'],
  ])('%j is %s', (user, folder) => {
    expect(folderOf(user)).toBe(folder);
    expect(decodeName(folder)).toBe(user);
  });

  test('is a hash when it would be longer than 200 bytes', () => {
    expect(folderOf('x'.repeat(200))).toBe('x'.repeat(200));
    expect(folderOf('x'.repeat(201))).toMatch(/^%sha256-[0-9a-f]{64}$/);
    expect(folderOf('x'.repeat(201))).not.toBe(folderOf('x'.repeat(202)));
    expect(isHashed(folderOf('X'.repeat(67)))).toBe(true);
    expect(isHashed(folderOf('x'))).toBe(false);
  });

  test('has safe characters only, and no more than 200', () => {
    fc.assert(
      fc.property(name, (user) => {
        expect(folderOf(user)).toMatch(/^[\w@+=,%][\w@+=,.%-]{0,199}$/);
        expect(folderOf(user)).not.toMatch(/\.$/);
      }),
    );
  });

  test('belongs to no other user, also where case is not told apart', () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        fc.pre(one !== other);
        expect(folderOf(one).toLowerCase()).not.toBe(folderOf(other).toLowerCase());
      }),
    );
  });

  test('and its name can be read back', () => {
    fc.assert(fc.property(name, (user) => decodeName(encodeName(user)) === user));
  });

  test.each([
    '',
    '.',
    '..',
    '.git',
    'Joe',
    'a b',
    '%',
    '%4a',
    '%41%',
    '%FF',
    '%61',
    '%u0041',
    '%uD83D%uDE00',
    folderOf('x'.repeat(300)),
  ])('%j was made of no name', (folder) => {
    expect(decodeName(folder)).toBeUndefined();
  });
});
