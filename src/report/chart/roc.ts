/** The ROC chart: spam missed for ham lost over all thresholds, on logistic axes as the TREC spam track draws it. */
import type { Figures } from '../figures.ts';
import { markup, type Markup } from '../markup.ts';
import type { RocPoint } from '../roc.ts';
import { logisticAxis, percent } from './axis.ts';
import { field, frame, Plane, type Point } from './frame.ts';

/** The share of ham at which filters are compared ("h.1"). */
const compared = 0.001;

/** Draws the curve with the filter's own threshold marked. Down and left is better. */
export function rocChart(points: readonly RocPoint[], figures: Figures): Markup {
  // Half a message: what none at all is drawn as.
  const plane = new Plane(
    logisticAxis('ham lost, % (logistic)', 0.5 / Math.max(5, figures.ham)),
    logisticAxis('spam missed, % (logistic)', 0.5 / Math.max(5, figures.spam)),
  );
  const curve = points.map(({ hamLost, spamCaught }) => ({ x: hamLost, y: 1 - spamCaught })).filter(drawable);
  const own = { x: figures.hamErrorPercent / 100, y: figures.spamErrorPercent / 100 };
  const across = plane.across(compared);
  const description =
    `Spam missed against ham lost; nearer to the lower left corner is better. At 0.1 % of ham lost ` +
    `${percent(figures.spamMissedAtHamPoint1Percent / 100)} % of spam is missed; at the filter's own threshold ` +
    `${percent(own.x)} % of ham is lost and ${percent(own.y)} % of spam missed.`;
  return frame({ id: 'roc', title: 'ROC curve', description }, plane, [
    markup`<path class="guide" d="M${across} ${field.top}V${field.bottom}"/>`,
    plane.line(curve, 'spam'),
    ...(drawable(own) ? [plane.mark(own, 'own threshold')] : []),
  ]);
}

/** Without mail of one class there is no curve. */
function drawable({ x, y }: Point): boolean {
  return !Number.isNaN(x + y);
}
