import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareNames, flagsOf, isDraftOrTrashed, uniqueName, uniquePart } from '../../src/maildir/names.ts';

test.each([
  ['1.a.host:2,', ''],
  ['1.a.host:2,FS', 'FS'],
  ['1.a.host,S=5:2,Sab', 'Sab'],
  ['1.a.host:2,S,D', 'S'],
  ['1.Train.DST', ''],
  ['1.a.host:1,T', ''],
  ['1.a.host,2,T', ''],
])('the flags of %s are "%s"', (name, flags) => {
  expect(flagsOf(name)).toBe(flags);
});

test.each([
  ['1.a:2,D', true],
  ['1.a:2,FST', true],
  ['1.a:2,S', false],
  ['1.a:2,td', false],
  ['1.DT.Train', false],
])('%s is draft or trashed: %s', (name, left) => {
  expect(isDraftOrTrashed(name)).toBe(left);
});

test('the unique part is what stands before the flags', () => {
  expect(uniquePart('1.a.host,S=5:2,FS')).toBe('1.a.host,S=5');
  expect(uniquePart('1.a.host')).toBe('1.a.host');
});

test('names sort by their number, then by the rest, those without a number last', () => {
  const sorted = ['2', '2.a', '10', '00026.c', '100', 'a1', 'b'];
  expect([...sorted].reverse().sort(compareNames)).toEqual(sorted);
});

test('the order of names is total', () => {
  const name = fc.stringMatching(/^[0-9a-c.]{1,5}$/);
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      expect(Math.sign(compareNames(a, b)) + Math.sign(compareNames(b, a))).toBe(0);
      expect(compareNames(a, b) === 0).toBe(a === b);
      if (compareNames(a, b) < 0 && compareNames(b, c) < 0) expect(compareNames(a, c)).toBeLessThan(0);
    }),
  );
});

test('a unique name holds nothing that a Maildir takes as its own', () => {
  expect(uniqueName()).toMatch(/^\d+\.M\d+P\d+Q\d+\.[^/:]+$/);
  expect(uniqueName()).not.toBe(uniqueName());
});
