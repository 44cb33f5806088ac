/**
 * Axes: from a value to a place on the paper, with the ticks that a reader needs.
 *
 * A place is always on the axis: values beyond its ends, and infinite ones, are put at the end.
 */

/** A mark on an axis. */
export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** One axis. */
export interface Axis {
  /** What it shows, with the unit. */
  readonly label: string;
  readonly ticks: readonly Tick[];
  /** Where a value stands: 0 at the beginning, 1 at the end. NaN stands at the beginning. */
  place(value: number): number;
}

/** How an axis bends; it must grow with the value. */
type Bend = (value: number) => number;

/** An axis of even steps from `from` to `to`, with about `count` round ticks. */
export function linearAxis(label: string, from: number, to: number, count = 5): Axis {
  const end = to > from ? to : from + 1;
  const rough = (end - from) / count;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = decade * ([1, 2, 5].find((factor) => factor * decade >= rough) ?? 10);
  const ticks: number[] = [];
  for (let n = Math.ceil(from / step); n * step <= end * (1 + 1e-9); n++) ticks.push(n * step);
  return axis(label, (value) => value, from, end, ticks);
}

/**
 * A logistic axis of shares, from the power of ten at or below `least` (0 to 0.1) to one half: the ends, where a good filter
 * lies, are stretched as on the plots of the TREC spam track. What is less than the beginning stands there, so does 0.
 */
export function logisticAxis(label: string, least: number): Axis {
  const exponent = firstDecade(least);
  const decades = Array.from({ length: -exponent }, (_, n) => 10 ** (exponent + n));
  const bend: Bend = (share) => Math.log(share / (1 - share));
  return axis(label, bend, 10 ** exponent, 0.5, [...decades, 0.5], percent);
}

/** A logarithmic axis of shares, from the power of ten at or below `least` (0 to 0.1) to 1. 0 stands at the beginning. */
export function logarithmicAxis(label: string, least: number): Axis {
  const exponent = firstDecade(least);
  const decades = Array.from({ length: 1 - exponent }, (_, n) => 10 ** (exponent + n));
  return axis(label, Math.log, 10 ** exponent, 1, decades, percent);
}

/** An axis of counts from none to `most`, by log(1 + count), so that one message is still seen beside thousands. */
export function countAxis(label: string, most: number): Axis {
  const decades = Array.from({ length: Math.max(1, Math.ceil(Math.log10(most + 1))) }, (_, n) => 10 ** n);
  return axis(label, Math.log1p, 0, Math.max(1, most), [
    0,
    ...decades.filter((tick) => tick <= Math.max(1, most)),
  ]);
}

/** A share as a percentage, in as few digits as tell it: `0.01`, `50`; `unknown` for NaN. */
export function percent(share: number): string {
  return Number.isNaN(share) ? 'unknown' : plain(share * 100);
}

function plain(value: number): string {
  return Number(value.toPrecision(6)).toString();
}

function axis(
  label: string,
  bend: Bend,
  from: number,
  to: number,
  ticks: readonly number[],
  words: (value: number) => string = plain,
): Axis {
  const first = bend(from);
  const last = bend(to);
  return {
    label,
    ticks: ticks.map((value) => ({ value, label: words(value) })),
    place: (value) => {
      if (!(value > from)) return 0;
      return value >= to ? 1 : (bend(value) - first) / (last - first);
    },
  };
}

/** The exponent of the power of ten at or below a share: from -6 to -1. */
function firstDecade(share: number): number {
  return Math.min(-1, Math.max(-6, Math.floor(Math.log10(share) + 1e-9)));
}
