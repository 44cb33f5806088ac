/** The rule by which tamis takes over: how often it errs, and how soon it sees what is there. */
import { describe, expect, test } from 'vitest';
import {
  beginning,
  decide,
  evidence,
  kinds,
  needed,
  type Contest,
  type Differences,
} from '../../src/judge/contest.ts';
import { Random } from '../../src/report/random.ts';
import type { Totals } from '../../src/store/contract.ts';
import { newUser } from './reading.ts';

const hamCost = 10;
const zeros = await (await newUser()).totals();
const none = beginning.from;

/** How a user's mail goes: which share of the differences is about ham, and how often tamis is right in them. */
interface Habits {
  readonly ham: number;
  readonly right: number;
}

/** The difference at which tamis takes over; undefined if it does not in so many. */
function takesOver({ ham, right }: Habits, most: number, random: Random): number | undefined {
  const totals: Totals = { ...zeros };
  let contest: Contest = beginning;
  for (let at = 1; at <= most; at++) {
    const isHam = random.fraction() < ham;
    const isRight = random.fraction() < right;
    totals[kinds[(isHam ? 0 : 2) + (isRight ? 0 : 1)] ?? 'contested']++;
    contest = decide(contest, totals, hamCost, 0);
    if (contest.over !== undefined) return at;
  }
  return undefined;
}

function count(habits: Habits, most: number, users: number): { taken: number; median: number } {
  const random = new Random(7);
  const at = Array.from({ length: users }, () => takesOver(habits, most, random))
    .filter((one) => one !== undefined)
    .sort((one, other) => one - other);
  return { taken: at.length, median: at[Math.floor(at.length / 2)] ?? NaN };
}

describe('who is no better', () => {
  test.each([
    ['as good, spam only', { ham: 0, right: 0.5 }],
    ['as good, ham only', { ham: 1, right: 0.5 }],
    ['as good', { ham: 0.1, right: 0.5 }],
    ['worse', { ham: 0.1, right: 0.45 }],
  ])('takes over from fewer than 1 in 100: %s', (_, habits) => {
    expect(count(habits, 500, 500).taken).toBeLessThan(5);
  });

  test('does not take over by catching more spam and losing more ham', () => {
    // Of ten differences in spam tamis has won nine; of two in ham it has lost both.
    const differences: Differences = {
      hamLostByDspam: 0,
      hamLostByTamis: 20,
      spamMissedByDspam: 90,
      spamMissedByTamis: 10,
    };
    expect(evidence(differences, hamCost)).toBeLessThan(0);
    expect(evidence(differences, 1)).toBeGreaterThan(needed(1));
  });

  test('the chances of all rounds come to 1 in 100', () => {
    let sum = 0;
    for (let round = 1; round <= 100_000; round++) sum += Math.exp(-needed(round));
    expect(sum).toBeGreaterThan(0.0099);
    expect(sum).toBeLessThanOrEqual(0.01);
  });
});

describe('who is better', () => {
  test.each([
    ['loses a quarter of the ham that DSPAM loses', { ham: 1, right: 0.8 }, 40],
    ['misses a fifth of the spam', { ham: 0, right: 0.83 }, 150],
    ['both', { ham: 0.2, right: 0.8 }, 100],
  ])('takes over: %s', (_, habits, within) => {
    const { taken, median } = count(habits, 1000, 200);
    expect(taken).toBeGreaterThanOrEqual(198);
    expect(median).toBeLessThan(within);
  });

  test('takes over though it was worse for long', () => {
    const totals: Totals = { ...zeros };
    let contest: Contest = beginning;
    const differ = (kind: (typeof kinds)[number], times: number): void => {
      for (let at = 0; at < times; at++) {
        totals[kind]++;
        contest = decide(contest, totals, hamCost, 0);
      }
    };
    differ('spamMissedByTamis', 500);
    expect(contest.over).toBeUndefined();
    expect(contest.round).toBeGreaterThan(2);
    differ('spamMissedByDspam', 200);
    expect(contest.over).toBeDefined();
  });
});

test('nothing speaks for anybody at the beginning, and each difference for one', () => {
  expect(evidence(none, hamCost)).toBeCloseTo(0);
  for (const [at, kind] of kinds.entries()) {
    const found = evidence({ ...none, [kind]: 1 }, hamCost);
    expect(at % 2 === 0 ? found : -found).toBeGreaterThan(0);
  }
});
