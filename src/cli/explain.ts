/** `tamis explain`: why a message is judged as it is, in words. */
import { explain, type Reason } from '../classifier/explanation.ts';
import { TamisError } from '../errors.ts';
import { Input } from '../filter/input.ts';
import { readMessage } from '../judge/reading.ts';
import { UserFilter } from '../judge/userfilter.ts';
import { blankMemory, userName, withUser } from '../judge/users.ts';
import {
  configOf,
  jsonOption,
  patience,
  print,
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
    await withUser(config, user, { create: false, wait: patience }, async (store) => {
      const filter = new UserFilter(store ?? blankMemory, { mode: 'notrain', signatureDays: 1 });
      const { scores, evidence, spam, probability, confidence } = await filter.judge(reading);
      const { reasons } = explain(reading.windows, evidence);
      const result = spam ? 'Spam' : 'Innocent';
      const value = {
        user: userName(user, config),
        known: store !== undefined,
        result,
        probability,
        confidence,
        scores,
        reasons,
      };
      print(json, value, () => [
        `${result}: spam with probability ${probability.toFixed(4)}, confidence ${confidence.toFixed(2)}` +
          (store === undefined ? ' (this user is unknown and has taught nothing)' : ''),
        `header ${signed(scores.header)}  text ${signed(scores.text)}  pairs ${signed(scores.pairs)}  = ${signed(scores.total)}` +
          '  (log odds; above the threshold is spam)',
        '',
        ...bars(reasons.slice(0, shown)),
      ]);
    });
  },
};

/** One line a reason: its weight, a bar to its side, its name. */
function bars(reasons: readonly Reason[]): string[] {
  const most = Math.max(...reasons.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  return reasons.map(({ kind, name, weight }) => {
    const bar = '█'.repeat(Math.max(1, Math.round((10 * Math.abs(weight)) / most)));
    const side = weight > 0 ? `${' '.repeat(10)}│${bar.padEnd(10)}` : `${bar.padStart(10)}│${' '.repeat(10)}`;
    return `${signed(weight).padStart(7)} ${side} ${kind.padEnd(6)} ${printable(name)}`;
  });
}

function signed(value: number): string {
  return (value < 0 ? '' : '+') + value.toFixed(2);
}

/** A name on a terminal: control characters, which a sender may have put in, are shown as dots. */
function printable(name: string): string {
  return name.replace(/\p{C}/gu, '·').slice(0, 80);
}
