/** The histogram of scores: spam upwards, ham downwards from one line, so that the classes are told apart by their place. */
import { markup, type Markup } from '../markup.ts';
import type { Scored } from '../roc.ts';
import { countAxis, linearAxis, type Axis } from './axis.ts';
import { field, frame, Plane, type Caption } from './frame.ts';

const barCount = 36;

/** Draws how many messages of each class have which score. Scores that are not finite stand in the outermost bars. */
export function histogramChart(scored: readonly Scored[]): Markup {
  const most = Math.ceil(
    scored.reduce((far, { score }) => (Number.isFinite(score) ? Math.max(far, Math.abs(score)) : far), 1),
  );
  const counts = Array.from({ length: barCount }, () => ({ ham: 0, spam: 0 }));
  for (const { spam, score } of scored) {
    const at = Math.floor(((score + most) / (2 * most)) * barCount);
    const bar = counts[Math.max(0, Math.min(barCount - 1, at))];
    if (bar !== undefined) bar[spam ? 'spam' : 'ham']++;
  }
  const tallest = counts.reduce((high, { ham, spam }) => Math.max(high, ham, spam), 1);
  const plane = new Plane(linearAxis('score, log odds of spam', -most, most), mirrored(tallest));
  const width = (field.right - field.left) / barCount;
  const bars = counts.flatMap(({ ham, spam }, at) => {
    const x = (field.left + width * at + 0.5).toFixed(2);
    const zero = plane.up(0);
    return [
      ...(spam > 0 ? [bar('spam', x, plane.up(spam), zero, width)] : []),
      ...(ham > 0 ? [bar('ham', x, zero, plane.up(-ham), width)] : []),
    ];
  });
  const caption: Caption = {
    id: 'histogram',
    title: 'Score histogram',
    description:
      `How many messages have which score: spam above the middle line, ham below it, on a logarithmic scale. ` +
      `Messages in the fullest bar: ${tallest}.`,
  };
  return frame(caption, plane, [
    ...bars,
    markup`<path class="guide" d="M${plane.across(0)} ${field.top}V${field.bottom}"/>`,
    markup`<text class="name" x="${field.left + 6}" y="${field.top + 12}">spam ↑</text>`,
    markup`<text class="name" x="${field.left + 6}" y="${field.bottom - 6}">ham ↓</text>`,
  ]);
}

function bar(kind: string, x: string, top: number, bottom: number, width: number): Markup {
  const height = (bottom - top).toFixed(2);
  return markup`<rect class="bar ${kind}" x="${x}" y="${top}" width="${(width - 1).toFixed(2)}" height="${height}"/>`;
}

/** Counts of spam above 0, of ham, as negative numbers, below it. */
function mirrored(most: number): Axis {
  const half = countAxis('messages (logarithmic)', most);
  const above = half.ticks.filter(({ value }) => value > 0);
  return {
    label: half.label,
    ticks: [...above.map(({ value, label }) => ({ value: -value, label })), ...above],
    place: (value) => 0.5 + (Math.sign(value) * half.place(Math.abs(value))) / 2,
  };
}
