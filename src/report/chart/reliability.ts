/** The reliability diagram: the share of spam against the probability that was told. */
import { markup, type Markup } from '../markup.ts';
import type { Bin } from '../reliability.ts';
import { linearAxis } from './axis.ts';
import { frame, Plane, type Caption } from './frame.ts';

/** Draws the bins that hold messages, each with its 95 % interval; on the diagonal a told probability is the true one. */
export function reliabilityChart(bins: readonly Bin[]): Markup {
  const plane = new Plane(
    linearAxis('probability told, %', 0, 100),
    linearAxis('share that was spam, %', 0, 100),
  );
  const held = bins.filter(({ messages }) => messages > 0);
  const caption: Caption = {
    id: 'reliability',
    title: 'Reliability diagram',
    description:
      'The share of spam among messages of about the same told probability; on the diagonal both are equal. ' +
      'The table below has the figures.',
  };
  const diagonal = [
    { x: 0, y: 0 },
    { x: 100, y: 100 },
  ];
  return frame(caption, plane, [
    plane.line(diagonal, 'guide'),
    ...held.map(({ told, observed, low, high }) => {
      const x = plane.across(100 * told);
      return markup`<path class="spread" d="M${x} ${plane.up(100 * low)}V${plane.up(100 * high)}"/><circle class="mark" cx="${x}" cy="${plane.up(100 * observed)}" r="3.5"/>`;
    }),
  ]);
}
