/** Axes and charts: where things stand. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countAxis, linearAxis, logarithmicAxis, logisticAxis } from '../../../src/report/chart/axis.ts';
import { histogramChart } from '../../../src/report/chart/histogram.ts';
import { reliabilityChart } from '../../../src/report/chart/reliability.ts';
import { rocChart } from '../../../src/report/chart/roc.ts';
import { figures } from '../../../src/report/figures.ts';
import { reliabilityBins } from '../../../src/report/reliability.ts';
import { rankedGroups, rocPoints } from '../../../src/report/roc.ts';

const axes = [
  linearAxis('x', -3, 17),
  linearAxis('x', 0, 1e6),
  logisticAxis('x', 0.00012),
  logarithmicAxis('x', 0.002),
  countAxis('x', 1500),
  countAxis('x', 0),
];

test.each(axes)('an axis grows, and nothing lies beyond it (%#)', (axis) => {
  fc.assert(
    fc.property(fc.double(), fc.double(), (one, other) => {
      const [low, high] = [axis.place(Math.min(one, other)), axis.place(Math.max(one, other))];
      for (const place of [low, high]) expect(place >= 0 && place <= 1).toBe(true);
      if (!Number.isNaN(one + other)) expect(low).toBeLessThanOrEqual(high);
    }),
  );
  const places = axis.ticks.map(({ value }) => axis.place(value));
  expect(places).toEqual(places.toSorted((one, other) => one - other));
  expect(new Set(places).size).toBe(places.length);
});

test('ticks are round', () => {
  const labels = (axis: (typeof axes)[number]): string[] => axis.ticks.map(({ label }) => label);
  expect(axes.map(labels)).toEqual([
    ['0', '5', '10', '15'],
    ['0', '200000', '400000', '600000', '800000', '1000000'],
    ['0.01', '0.1', '1', '10', '50'],
    ['0.1', '1', '10', '100'],
    ['0', '1', '10', '100', '1000'],
    ['0', '1'],
  ]);
});

const judged = [
  { spam: false, score: -4, probability: 0.05, judgedSpam: false },
  { spam: false, score: 2, probability: 0.85, judgedSpam: true },
  { spam: true, score: 1, probability: 0.65, judgedSpam: false },
  { spam: true, score: 4, probability: 0.95, judgedSpam: true },
];

test('the ROC curve has its steps and the threshold of the filter', () => {
  const { text } = rocChart(rocPoints(rankedGroups(judged)), figures(judged));
  // The axes begin at 10 %: none stands at their beginning, half at their end.
  expect(text).toContain('points="46,12 348,12 348,236"');
  expect(text).toContain('cx="348" cy="12"');
});

test('the histogram has spam above the line and ham below', () => {
  const { text } = histogramChart(judged);
  const bar = (kind: string, x: string, y: number): string =>
    `<rect class="bar ${kind}" x="${x}" y="${y}" width="7.39" height="112.00"/>`;
  const bars = text
    .split('\n')
    .flatMap((line) => line.split('<').flatMap((tag) => (tag.startsWith('rect') ? `<${tag}` : [])));
  expect(bars).toEqual([
    bar('ham', '46.50', 124),
    bar('spam', '231.06', 12),
    bar('ham', '273.00', 124),
    bar('spam', '340.11', 12),
  ]);
});

test('the reliability diagram has a mark for each bin that holds messages', () => {
  const { text } = reliabilityChart(reliabilityBins(judged));
  expect(text.match(/<circle/g)).toHaveLength(4);
  expect(text).toContain('points="46,236 348,12"');
});
