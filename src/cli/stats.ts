/** `tamis stats`: what a user's filter has seen and learned, in DSPAM's totals; which engine judges, and how the contest of an imported user stands. */
import { contestOf, differencesSince, evidence, needed, type Contest } from '../judge/contest.ts';
import { preferencesOf, settingsFor } from '../judge/preferences.ts';
import { standingOf } from '../judge/standing.ts';
import { withKnownUser } from '../judge/users.ts';
import { counters, type Totals } from '../store/contract.ts';
import {
  configOf,
  jsonOption,
  patience,
  print,
  userOption,
  type Command,
  type CommonArguments,
} from './command.ts';

interface StatsArguments extends CommonArguments {
  user: string;
  json: boolean;
}

/** The command. */
export const statsCommand: Command<StatsArguments> = {
  command: 'stats',
  describe: 'Print what a user has taught and how much mail was judged.',
  builder: (yargs) => jsonOption(userOption(yargs)),
  handler: async ({ user, json, ...options }) => {
    const config = configOf(options);
    await withKnownUser(config, user, patience, async (store) => {
      const totals = await store.totals();
      const settings = settingsFor(config, await preferencesOf(store));
      const { judge } = await standingOf(store, settings, config, totals);
      const contest = await contestOf(store);
      const standing = contest && standingIn(contest, totals, settings.hamCost);
      const figures = { ...totals, ...(await store.sizes()), judge, contest: standing };
      print(json, figures, () => [
        ...counters.map(
          (counter) => `${words(counter).padEnd(24)}${totals[counter].toString().padStart(10)}`,
        ),
        `${'feature bytes'.padEnd(24)}${figures.featureBytes.toString().padStart(10)}`,
        `${'token bytes'.padEnd(24)}${figures.tokenBytes.toString().padStart(10)}`,
        `${'note bytes'.padEnd(24)}${figures.noteBytes.toString().padStart(10)}`,
        `${'judge'.padEnd(24)}${judge.padStart(10)}`,
        ...(standing === undefined ? [] : [sentence(standing)]),
      ]);
    });
  },
};

/** `spamLearned` as `spam learned`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** How a contest stands. */
interface ContestFigures {
  /** `decided`: tamis' own model has proved better. */
  readonly state: 'open' | 'decided';
  readonly round: number;
  /** What tamis' model has gained in this round of the 1 that it began with, and what it must have to take over. */
  readonly evidence: number;
  readonly needed: number;
  /** When tamis took over, in seconds since 1970. */
  readonly decidedAt?: number | undefined;
}

function standingIn(contest: Contest, totals: Totals, hamCost: number): ContestFigures {
  const { round, over } = contest;
  return {
    state: over === undefined ? 'open' : 'decided',
    round,
    evidence: Number(Math.exp(evidence(differencesSince(contest, totals), hamCost)).toPrecision(3)),
    needed: Math.round(Math.exp(needed(round))),
    decidedAt: over,
  };
}

function sentence({ state, round, evidence, needed, decidedAt = 0 }: ContestFigures): string {
  if (state === 'decided')
    return `tamis' own model proved better than DSPAM's engine on ${new Date(decidedAt * 1000).toISOString().slice(0, 10)}.`;
  return `tamis' own model learns beside DSPAM's engine; it takes over when its evidence is ${needed} (round ${round}): it is ${evidence}.`;
}
