/**
 * The ROC curve of scores: how much spam is caught for how much ham lost, over all thresholds, and what is
 * read off it.
 *
 * Messages of one score cannot be told apart by any threshold, so everything here works on groups of equal
 * scores; the order in which messages come never changes a result.
 */
import type { Random } from './random.ts';

/** A message with its true class and its score; higher is spammier. */
export interface Scored {
  readonly spam: boolean;
  readonly score: number;
}

/** The messages of one score. */
export interface Group {
  readonly score: number;
  readonly ham: number;
  readonly spam: number;
}

/** What a threshold does; shares run from 0 to 1. */
export interface RocPoint {
  /** Messages with this score or a higher one are taken as spam; Infinity takes none. */
  readonly threshold: number;
  readonly hamLost: number;
  readonly spamCaught: number;
}

/** Between two percentages lies 1-ROCA % of 95 in 100 samples. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The smallest step between two points of a thinned curve, in log odds of either share: a hair's breadth on a logistic plot. */
const step = 0.05;

/** How many samples the spread is taken from. */
const resamples = 1000;

/** The scores from high to low, equal ones together. RangeError if a score is NaN. */
export function rankedGroups(scored: readonly Scored[]): Group[] {
  const groups: { score: number; ham: number; spam: number }[] = [];
  for (const { spam, score } of scored.toSorted((a, b) => (a.score === b.score ? 0 : b.score - a.score))) {
    if (Number.isNaN(score)) throw new RangeError('A score is not a number.');
    let group = groups.at(-1);
    if (group?.score !== score) groups.push((group = { score, ham: 0, spam: 0 }));
    group[spam ? 'spam' : 'ham'] += 1;
  }
  return groups;
}

/**
 * The area above the ROC curve, from 0 to 1: of all pairs of a ham and a spam message, those in which the ham
 * has the higher score; ties count half.
 */
export function misrankedShare(groups: readonly Group[]): number {
  return areaAbove(
    groups.map(({ ham }) => ham),
    groups.map(({ spam }) => spam),
  );
}

/**
 * The share of spam, from 0 to 1, that is missed at the lowest threshold that loses at most so many ham
 * messages. Spam that has the score of a ham message that must not be lost is missed with it.
 */
export function spamMissedAt(groups: readonly Group[], hamToLose: number): number {
  let ham = 0;
  let caught = 0;
  let spam = 0;
  for (const group of groups) {
    ham += group.ham;
    spam += group.spam;
    if (ham <= hamToLose) caught = spam;
  }
  return ham === 0 ? NaN : (spam - caught) / spam;
}

/**
 * The ROC curve, from the threshold that takes nothing as spam to the one that takes everything.
 *
 * Thinned for plotting: a point is left out where it lies less than 0.05 in log odds from the one before it,
 * so that the ends, where a good filter's curve lies, keep their detail, and a curve has some hundreds of
 * points whatever the number of messages. Points that are kept are exact. NaN where a class is missing.
 */
export function rocPoints(groups: readonly Group[]): RocPoint[] {
  const total = { ham: sum(groups, 'ham'), spam: sum(groups, 'spam') };
  const points: RocPoint[] = [];
  let at = { ham: 0, spam: 0 };
  let kept = at;
  function keep(threshold: number): void {
    points.push({ threshold, hamLost: at.ham / total.ham, spamCaught: at.spam / total.spam });
    kept = at;
  }
  keep(Infinity);
  for (const [index, group] of groups.entries()) {
    at = { ham: at.ham + group.ham, spam: at.spam + group.spam };
    const moved = Math.max(
      logOdds(at.ham, total.ham) - logOdds(kept.ham, total.ham),
      logOdds(at.spam, total.spam) - logOdds(kept.spam, total.spam),
    );
    if (moved >= step || index === groups.length - 1) keep(group.score);
  }
  return points;
}

/**
 * How far 1-ROCA % would spread over other mail of the same kind: the middle 95 % of what 1000 samples of
 * these messages give, each drawn with replacement, ham from ham and spam from spam (the percentile bootstrap
 * of Efron).
 *
 * It knows only of chance: not that later mail differs, nor that one label is wrong.
 */
export function confidenceInterval(groups: readonly Group[], random: Random): Interval {
  const ham = membership(groups, 'ham');
  const spam = membership(groups, 'spam');
  if (ham.length === 0 || spam.length === 0) return { low: NaN, high: NaN };
  const shares = Float64Array.from({ length: resamples }, () =>
    areaAbove(draw(ham, groups.length, random), draw(spam, groups.length, random)),
  ).sort();
  const tail = Math.floor(resamples * 0.025);
  return { low: inHundred(shares.at(tail) ?? NaN), high: inHundred(shares.at(-1 - tail) ?? NaN) };
}

/** A share as a percentage. */
export function inHundred(share: number): number {
  return share * 100;
}

/** The area from the counts of each group, the group of the highest score first. */
function areaAbove(hamCounts: ArrayLike<number>, spamCounts: ArrayLike<number>): number {
  let pairs = 0;
  let ham = 0;
  let spam = 0;
  for (let group = 0; group < hamCounts.length; group += 1) {
    const hamHere = hamCounts[group] ?? 0;
    const spamHere = spamCounts[group] ?? 0;
    pairs += spamHere * (ham + hamHere / 2);
    ham += hamHere;
    spam += spamHere;
  }
  return pairs / (ham * spam);
}

/** For each message of a class, the number of its group. */
function membership(groups: readonly Group[], kind: 'ham' | 'spam'): Uint32Array {
  return Uint32Array.from(groups.flatMap((group, index) => Array<number>(group[kind]).fill(index)));
}

/** Draws as many messages as there are, each as likely each time, and counts them by group. */
function draw(members: Uint32Array, groups: number, random: Random): Uint32Array {
  const counts = new Uint32Array(groups);
  for (let drawn = 0; drawn < members.length; drawn += 1) {
    const group = members[random.below(members.length)] ?? 0;
    counts[group] = (counts[group] ?? 0) + 1;
  }
  return counts;
}

function sum(groups: readonly Group[], kind: 'ham' | 'spam'): number {
  return groups.reduce((total, group) => total + group[kind], 0);
}

/** Log odds of a count, held finite at none and all. */
function logOdds(count: number, total: number): number {
  return Math.log((count + 0.5) / (total - count + 0.5));
}
