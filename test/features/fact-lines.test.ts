import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FactLines, mostBytes } from '../../src/features/fact-lines.ts';
import { oneBlankEach } from '../../src/message/blanks.ts';

/** What is written, by strings. */
function expected(made: readonly string[], said: readonly string[]): Buffer {
  const linesOf = (facts: readonly string[]): string[] =>
    facts.map((fact) => oneBlankEach(fact).slice(0, 100));
  const first = [...new Set(linesOf(made))];
  const others = [...new Set(linesOf(said))];
  const lines: string[] = [];
  let bytes = 0;
  const take = (line: string): void => {
    lines.push(line);
    bytes += Buffer.byteLength(line) + 1;
  };
  // Room for 80 facts and 1,500 bytes is kept for those of the text.
  for (const line of first) if (lines.length < 180 && bytes <= mostBytes - 1500) take(line);
  take('');
  for (const line of others)
    if (lines.length <= 260 && bytes <= mostBytes && !lines.includes(line)) take(line);
  return Buffer.from(lines.join('\n')).subarray(0, mostBytes);
}

function written(made: readonly string[], said: readonly string[]): Buffer {
  const lines = new FactLines();
  for (const fact of made) lines.tell(fact.slice(0, 3), fact.slice(3));
  lines.leaveLine();
  for (const fact of said) lines.tell(fact);
  return Buffer.from(lines.written());
}

const piece = fc.oneof(
  fc.constantFrom(' ', '\n', '\t', '\u00a0', '\u3000', 'a', 'é', '\u{1f600}', 'x'.repeat(40)),
  fc.string({ unit: 'grapheme' }),
);
const facts = fc.array(
  fc.array(piece, { maxLength: 6 }).map((pieces) => `f${pieces.join('')}`),
  { maxLength: 300, size: 'max' },
);

test('are the facts, each once in a line of its own, as many as may be', () => {
  fc.assert(
    fc.property(facts, facts, (made, said) => {
      expect(written(made, said)).toEqual(expected(made, said));
    }),
    { numRuns: 50, endOnFailure: true },
  );
});

test('of a few bytes each are as many as may be, and of many bytes no more than a window holds', () => {
  const numbers = Array.from({ length: 300 }, (_, i) => `f${i}`);
  expect(written(numbers, numbers)).toEqual(expected(numbers, numbers));
  expect(written(numbers.slice(0, 9), numbers)).toEqual(expected(numbers.slice(0, 9), numbers));
  for (const letter of ['x', 'é', '\u3000é']) {
    const long = numbers.map((number) => number + letter.repeat(200));
    expect(written(long, long)).toEqual(expected(long, long));
  }
});

test('are told in pieces of any kind', () => {
  const lines = new FactLines();
  lines.tell('hop ', 0, ' known: ', true);
  expect(Buffer.from(lines.written()).toString()).toBe('hop 0 known: true');
});
