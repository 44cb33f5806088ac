import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normaliseText } from '../../src/message/unicode.ts';

function normalised(text: string): [string, zeroWidth: number, bidi: number, mixedScript: number] {
  const marks = { zeroWidth: 0, bidi: 0, mixedScript: 0 };
  const out = normaliseText(text, marks);
  return [out, marks.zeroWidth, marks.bidi, marks.mixedScript];
}

test.each([
  ['ASCII \0 \x7f', 'ASCII \0 \x7f'],
  ['e\u0301', 'é'],
  ['ＦＲＥＥ 𝐕𝐢𝐚𝐠𝐫𝐚 ⓕ ﬁ ①', 'FREE Viagra f fi 1'],
  ['a\u00a0b', 'a b'],
])('%s becomes %s', (text, wanted) => {
  expect(normalised(text)).toEqual([wanted, 0, 0, 0]);
});

describe('characters of no width', () => {
  test.each([
    ['V\u200bi\u200ca\u00adg\u2060r\ufeffa', 'Viagra', 5],
    ['\u0431\u200b\u0432', '\u0431\u0432', 1],
    [' \u200bword\u200b ', ' word ', 2],
    ['a\u200b\u200b\u200bb', 'ab', 3],
    ['e\u200b\u0301', 'é', 1],
    ['𝐕\u200b𝐢', 'Vi', 1],
  ])('%j is %s, counted', (text, wanted, count) => {
    expect(normalised(text)).toEqual([wanted, count, 0, 0]);
  });

  test.each([
    ['\ufeffThe mark at the beginning', 'The mark at the beginning'],
    ['👩\u200d🔬', '👩🔬'],
    ['❤\ufe0fI', '❤I'],
    ['क्\u200dष', 'क्ष'],
    ['می\u200cخواهم', 'میخواهم'],
    ['\u034f\u00a0\u200c\u00a0', '  '],
    ['🏴\u{e0067}\u{e007f}England', '🏴England'],
  ])('%j is %s, not counted', (text, wanted) => {
    expect(normalised(text)).toEqual([wanted, 0, 0, 0]);
  });
});

test.each([
  ['\u202etxet\u202c', 'txet', 1],
  ['in\u200eside', 'inside', 1],
  ['\u200fשלום\u200f', 'שלום', 0],
  ['\u2068name\u2069', 'name', 0],
])('directional marks: %j', (text, wanted, count) => {
  expect(normalised(text)).toEqual([wanted, 0, count, 0]);
});

describe('words that mix scripts', () => {
  test.each([
    ['Vіаgrа', 'Viagra'],
    ['Pαypal', 'Paypal'],
    ['Яolex-Wаtch', 'Яolex-Watch'],
  ])('%s is %s', (text, wanted) => {
    expect(normalised(text)).toEqual([wanted, 0, 0, 1]);
  });

  test.each(['Привет', 'сосна', 'Καλημέρα', '5 μm', '3 kΩ', 'λx', 'Windows и Москва', 'Яolex'])(
    '%s stays',
    (text) => {
      expect(normalised(text)).toEqual([text.normalize('NFKC'), 0, 0, 0]);
    },
  );
});

test('what is normalised is normalised', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const [once] = normalised(text);
      expect(normalised(once)).toEqual([once, 0, 0, 0]);
    }),
  );
});

test('a letter with marks without end keeps 30 of them, and takes no time', () => {
  const begun = performance.now();
  const [out] = normalised(`a${'\u0301\u0323'.repeat(60_000)}b`);
  expect(performance.now() - begun).toBeLessThan(2000);
  expect(out.normalize('NFD')).toMatch(/^a\u0323+\u0301+b$/u);
  expect(out.length).toBeLessThan(35);
  const joined = normalised(`a${`${'\u0301\u0323'.repeat(15)}\u200d`.repeat(2000)}b`);
  expect(joined[0].length).toBeLessThan(35);
  expect(normalised('नमस्ते')[0]).toBe('नमस्ते');
});
