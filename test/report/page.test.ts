/** The page: well-formed, whole in itself, and deaf to what hostile mail has in it. */
import fc from 'fast-check';
import { Parser } from 'htmlparser2';
import { expect, test } from 'vitest';
import { field, paper } from '../../src/report/chart/frame.ts';
import { markup } from '../../src/report/markup.ts';
import type { Mistake } from '../../src/report/mistake.ts';
import { page } from '../../src/report/page.ts';
import { reliabilityBins, reliabilityPercent, type Told } from '../../src/report/reliability.ts';

const told = fc
  .record({
    spam: fc.boolean(),
    score: fc.oneof(fc.double({ noNaN: true, min: -30, max: 30 }), fc.constantFrom(-Infinity, 0, Infinity)),
    probability: fc.double({ noNaN: true, min: 0, max: 1 }),
    judgedSpam: fc.boolean(),
  })
  .map((message): Told => message);
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    '</style><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    ']]>',
    '<!--',
    '&lt;&#0;',
    '\u202egnp.exe\u0000\ud800',
  ),
);
const mistake: fc.Arbitrary<Mistake> = fc.record({
  path: hostile,
  subject: hostile,
  spam: fc.boolean(),
  score: fc.double({ noNaN: true, min: -30, max: 30 }),
  probability: fc.double({ noNaN: true, min: 0, max: 1 }),
  place: fc.nat(),
  reasons: fc.array(
    fc.record({
      kind: fc.constant('text'),
      name: hostile,
      weight: fc.double({ noNaN: true, min: -5, max: 5 }),
    }),
    { maxLength: 8 },
  ),
});
const report = fc.record({
  index: hostile,
  protocol: hostile,
  at: fc.constant(new Date(0)),
  judged: fc.array(told, { maxLength: 60 }),
  mistakes: fc.array(mistake, { maxLength: 4 }),
});

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The elements of well-formed XML. Throws where a tag is not closed, or in the wrong order. */
function elementsOf(xml: string): Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        elements.push({ name, attributes });
        open.push(name);
      },
      onclosetag: (name, implied) => {
        const selfClosing = xml.slice(parser.startIndex, parser.endIndex + 1).endsWith('/>');
        if (open.pop() !== name || (implied && !selfClosing)) throw new Error(`<${name}> is not closed.`);
      },
    },
    { xmlMode: true },
  );
  parser.end(xml);
  expect(open).toEqual([]);
  return elements;
}

test('of any evaluation is well-formed, loads nothing and runs nothing', () => {
  fc.assert(
    fc.property(report, (value) => {
      const xml = page(value);
      const elements = elementsOf(xml);
      const names = new Set(elements.map(({ name }) => name));
      for (const name of ['script', 'img', 'link', 'iframe', 'a', 'use', 'image'])
        expect(names).not.toContain(name);
      for (const { attributes } of elements) {
        for (const name of Object.keys(attributes)) expect(name).not.toMatch(/^on|^src$|href$|^style$/);
      }
      expect(xml).not.toMatch(/url\(|@import|NaN|undefined|Infinity/);
      expect(xml.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
      // Every id is there once, and what refers to one finds it.
      const ids = elements.flatMap(({ attributes }) => attributes['id'] ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      const referred = elements.flatMap(({ attributes }) => attributes['aria-labelledby']?.split(' ') ?? []);
      expect(ids).toEqual(expect.arrayContaining(referred));
      expect(elements.filter(({ attributes }) => attributes['role'] === 'img')).toHaveLength(4);
    }),
  );
});

test('of any evaluation draws everything within the axes', () => {
  fc.assert(
    fc.property(report, (value) => {
      const places: (readonly [x: number, y: number])[] = [];
      for (const { name, attributes } of elementsOf(page({ ...value, mistakes: [] }))) {
        const number = (key: string): number => Number(attributes[key]);
        if (name === 'polyline' && attributes['points'] !== '') {
          for (const pair of attributes['points']?.split(' ') ?? []) {
            const [x = NaN, y = NaN] = pair.split(',').map(Number);
            places.push([x, y]);
          }
        }
        if (name === 'circle') places.push([number('cx'), number('cy')]);
        if (name === 'rect') {
          places.push([number('x'), number('y')]);
          places.push([number('x') + number('width'), number('y') + number('height')]);
        }
      }
      for (const [x, y] of places) {
        expect(x).toBeGreaterThanOrEqual(field.left);
        expect(x).toBeLessThanOrEqual(field.right + 0.01);
        expect(y).toBeGreaterThanOrEqual(field.top);
        expect(y).toBeLessThanOrEqual(field.bottom + 0.01);
      }
      expect(field.right).toBeLessThan(paper.width);
    }),
  );
});

test('shows what a sender wrote as text', () => {
  const subject = '</title><script src="//example.net/x">"&\'';
  const reasons = [{ kind: 'text', name: '<b onclick=x>', weight: -1.5 }];
  const entry = { path: 'a<b', subject, spam: true, score: -3, probability: 0.01, place: 7, reasons };
  const xml = page({ index: 'i', protocol: 'p', at: new Date(0), judged: [], mistakes: [entry] });
  expect(xml).toContain('&lt;/title&gt;&lt;script src=&quot;//example.net/x&quot;&gt;&quot;&amp;&#39;');
  expect(xml).toContain('&lt;b onclick=x&gt;');
  expect(xml).toContain('−1.50');
  expect(xml).not.toContain('<script');
});

test('markup escapes text, and leaves markup as it is', () => {
  expect(markup`<p class="${'"'}">${['<', markup`<br/>`, 1, undefined]}</p>`.text).toBe(
    '<p class="&quot;">&lt;<br/>1</p>',
  );
});

test('reliability is the largest distance over the bins that hold enough', () => {
  const some = (count: number, probability: number, spam: number): Told[] =>
    Array.from({ length: count }, (_, n) => ({ spam: n < spam, score: 0, probability, judgedSpam: false }));
  const bins = reliabilityBins([
    ...some(100, 0.95, 90),
    ...some(200, 0.02, 0),
    ...some(99, 0.5, 99),
    ...some(1, 1, 1),
  ]);
  expect(bins.map(({ messages }) => messages)).toEqual([200, 0, 0, 0, 0, 99, 0, 0, 0, 101]);
  expect(bins[9]?.observed).toBeCloseTo(91 / 101, 12);
  expect(bins[9]?.told).toBeCloseTo(96 / 101, 12);
  expect(reliabilityPercent(bins)).toBeCloseTo(500 / 101, 10);
  expect(reliabilityPercent(reliabilityBins(some(99, 0.5, 0)))).toBeNaN();
  // Wilson: 0 of 200.
  expect(bins[0]).toMatchObject({
    low: 0,
    high: expect.closeTo(1.96 ** 2 / (200 + 1.96 ** 2), 10) as number,
  });
});
