/** The chart of the learning curve. */
import { markup, type Markup } from '../markup.ts';
import type { Stage } from '../learning.ts';
import { linearAxis, logarithmicAxis, percent } from './axis.ts';
import { field, frame, Plane, type Caption } from './frame.ts';

/** The lines: their dashes tell them apart without colour. */
const lines = [
  { name: 'spam missed', kind: 'spam', of: ({ spamMissed }: Stage) => spamMissed },
  { name: 'ham lost', kind: 'ham', of: ({ hamLost }: Stage) => hamLost },
  { name: '1-ROCA', kind: 'area', of: ({ misranked }: Stage) => misranked },
] as const;

/** Draws the stages. */
export function learningChart(stages: readonly Stage[]): Markup {
  const last = stages.at(-1);
  const messages = last?.messages ?? 1;
  const shown = lines.map(({ of, ...line }) => ({
    ...line,
    points: stages
      .map((stage) => ({ x: stage.messages, y: of(stage) }))
      .filter(({ y }) => Number.isFinite(y)),
  }));
  const least = Math.min(
    0.1,
    ...shown.flatMap(({ points }) => points.map(({ y }) => y).filter((y) => y > 0)),
  );
  const plane = new Plane(
    linearAxis('messages judged', 0, messages),
    logarithmicAxis('share so far, % (logarithmic)', least),
  );
  const words = shown.map(({ name, points }) => `${name} ${percent(points.at(-1)?.y ?? NaN)} %`);
  const caption: Caption = {
    id: 'learning',
    title: 'Learning curve',
    description: `The shares over all messages so far. In the end: ${words.join(', ')}.`,
  };
  return frame(caption, plane, [
    ...shown.map(({ points, kind }) => plane.line(points, kind)),
    ...shown.map(({ name, kind }, at) => {
      const y = field.top + 14 + 14 * at;
      return markup`<path class="line ${kind}" d="M${field.right - 110} ${y - 4}h24"/><text class="name" x="${field.right - 80}" y="${y}">${name}</text>`;
    }),
  ]);
}
