/** `tamis explain`: why a message is judged as it is, in words. */
import { explain, type Reason } from '../classifier/explanation.ts';
import { TamisError } from '../errors.ts';
import { Input } from '../filter/input.ts';
import { withMember } from '../judge/members.ts';
import { readMessage } from '../judge/reading.ts';
import { over, sharedModel } from '../judge/shared.ts';
import { standingOf } from '../judge/standing.ts';
import { UserFilter } from '../judge/userfilter.ts';
import {
  configOf,
  jsonOption,
  patience,
  print,
  printable,
  userOption,
  type Command,
  type CommonArguments,
} from './command.ts';

interface ExplainArguments extends CommonArguments {
  user: string;
  json: boolean;
}

/** How many reasons a terminal shows. */
const shown = 20;

/** The command. */
export const explainCommand: Command<ExplainArguments> = {
  command: 'explain',
  describe: 'Say why the message on stdin is judged as it is.',
  builder: (yargs) => jsonOption(userOption(yargs)),
  handler: async ({ user, json, ...options }) => {
    const config = configOf(options);
    const { bytes } = new Input().prefix(config.settings.prefixBytes);
    if (bytes.length === 0) throw new TamisError('INPUT', 'There is no message on stdin.');
    const reading = await readMessage(bytes);
    await withMember({ user, config }, { create: false, wait: patience }, async (member) => {
      const { name, known, settings } = member;
      const filter = new UserFilter(over(sharedModel(config.home), member.memory), settings);
      const { scores, score, evidence, spam, threshold, probability, confidence, totals } =
        await filter.judge(reading);
      const { judge } = await standingOf(member.memory, settings, config, totals);
      const { reasons } = explain(reading.windows, evidence);
      const result = spam ? 'Spam' : 'Innocent';
      const value = {
        user: name,
        known,
        judge,
        result,
        probability,
        confidence,
        scores,
        score,
        threshold,
        reasons,
      };
      print(json, value, () => [
        `${result}: spam with probability ${probability.toFixed(4)}, confidence ${confidence.toFixed(2)}` +
          (!known ? ' (this user is unknown and has taught nothing)' : ''),
        ...(judge === 'dspam'
          ? [`DSPAM's engine judges the mail of ${name}; this is what tamis' own model says.`]
          : []),
        `${sureness(confidence)}: the learners add up to ${signed(scores.total)} log odds, which count ${signed(score)} by what is known; spam is more than ${signed(threshold)}.`,
        '',
        'What each learner says, bounded (left: innocent, right: spam)',
        ...bars(learners.map((name) => ({ name, weight: scores[name] }))),
        '',
        ...features(reasons),
      ]);
    });
  },
};

/** The learners, in the order in which they are shown. */
const learners = ['header', 'text', 'pairs', 'sender', 'prior'] as const;

/** A confidence, 0 to 1, in words. */
function sureness(confidence: number): string {
  if (confidence >= 0.95) return 'Certain';
  return confidence >= 0.6 ? 'Fairly sure' : 'Unsure';
}

/** The strongest reasons, and what the others come to. */
function features(reasons: readonly Reason[]): string[] {
  if (reasons.length === 0) return ['None of its features is known.'];
  const strongest = reasons.slice(0, shown).map(({ kind, name, weight }) => ({
    name: `${kind.padEnd(6)} ${name}`,
    weight,
  }));
  const others = reasons.slice(shown);
  const rest = others.reduce((sum, { weight }) => sum + weight, 0);
  return [
    'The features that made it, the strongest first',
    ...bars(strongest),
    ...(others.length === 0 ? [] : [`${signed(rest).padStart(7)} of ${others.length} others together`]),
  ];
}

/** One line a reason: its weight, a bar to its side unless it is none, its name. */
function bars(reasons: readonly Pick<Reason, 'name' | 'weight'>[]): string[] {
  const most = Math.max(...reasons.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  return reasons.map(({ name, weight }) => {
    const bar = weight === 0 ? '' : '█'.repeat(Math.max(1, Math.round((10 * Math.abs(weight)) / most)));
    const side = weight > 0 ? `${' '.repeat(10)}│${bar.padEnd(10)}` : `${bar.padStart(10)}│${' '.repeat(10)}`;
    return `${signed(weight).padStart(7)} ${side} ${printable(name).slice(0, 80)}`;
  });
}

function signed(value: number): string {
  return (value < 0 ? '' : '+') + value.toFixed(2);
}
