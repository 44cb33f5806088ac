/**
 * `tamis export`: what a user's filter knows, for other programs.
 *
 * `--format=dspam` prints the tokens of DSPAM's engine as dspam_dump does (DSPAM's capture 68), in the order of the store:
 *
 *     6625426497525293056  S: 00012  I: 00004  P: 0.8289 LH: Sun Nov 22 21:35:45 2026
 *
 * The probability is the token's without bias, sedated as the settings say; where PValue is markov it says nothing, because that
 * weighs a token by its name, which is not kept. The last hit is known to the day, and printed as its local midnight.
 *
 * `--format=json` prints one object: `user`, `totals` (as `tamis stats --json`), `tokens` and, of tamis' own model, `features` (its key, and the two
 * integers of its learner). A token is a string, because 64 bits are more than a number of JSON holds exactly.
 */
import { decimals } from '../classifier/dspam/decimals.ts';
import { probabilityFor } from '../classifier/dspam/probability.ts';
import type { Config } from '../config/load.ts';
import { ctime } from '../filter/headers.ts';
import { writeAll } from '../filter/output.ts';
import { dspamTotals, optionsOf } from '../judge/dspam-filter.ts';
import { forEachTokens } from '../judge/token-slices.ts';
import { userName, withKnownUser } from '../judge/users.ts';
import type { TokenRows, Totals, UserStore } from '../store/contract.ts';
import { configOf, patience, userOption, type Command, type CommonArguments } from './command.ts';

interface ExportArguments extends CommonArguments {
  user: string;
  format: string;
}

/** A token with what is known of it. */
interface TokenRow {
  readonly token: bigint;
  readonly spam: number;
  readonly innocent: number;
  /** Days since 1970; 0: not known. */
  readonly day: number;
}

const formats: Readonly<Record<string, (config: Config, user: string) => Promise<void>>> = {
  dspam: exportDspam,
  json: exportJson,
};

/** How DSPAM names a token of which it knows the key alone. */
const nameless = 'E: ';

/** The command. */
export const exportCommand: Command<ExportArguments> = {
  command: 'export',
  describe: 'Print what a user’s filter knows: DSPAM’s tokens as dspam_dump prints them, or all as JSON.',
  builder: (yargs) =>
    userOption(yargs).option('format', {
      type: 'string',
      choices: Object.keys(formats),
      requiresArg: true,
      demandOption: 'name the format: --format=dspam or --format=json',
      describe: 'In which form.',
    }),
  handler: async ({ user, format, ...options }) => {
    await formats[format]?.(configOf(options), user);
  },
};

async function exportDspam(config: Config, user: string): Promise<void> {
  const totals = await withKnownUser(config, user, patience, (store) => store.totals());
  const line = tokenLine(config, totals);
  await forEachTokens(config, user, (rows) => {
    writeText(rowsOf(rows).map(line).join(''));
  });
}

/** The line of a token, with its end. */
function tokenLine({ settings }: Config, totals: Totals): (row: TokenRow) => string {
  const probability = probabilityFor(dspamTotals(totals), { ...optionsOf(settings), bias: false });
  const five = (count: number): string => String(count).padStart(5, '0');
  const now = new Date();
  return ({ token, spam, innocent, day }) => {
    const p = decimals(probability(nameless, { spam, innocent }), 4);
    const last = ctime(day === 0 ? now : midnight(day));
    return `${token.toString().padEnd(20)} S: ${five(spam)}  I: ${five(innocent)}  P: ${p} LH: ${last}\n`;
  };
}

async function exportJson(config: Config, user: string): Promise<void> {
  const name = JSON.stringify(userName(user, config));
  const totals = await withKnownUser(config, user, patience, (store) => store.totals());
  writeText(`{"user":${name},"totals":${JSON.stringify(totals)},"tokens":[`);
  let between = '';
  const writeList = (list: readonly unknown[]): void => {
    if (list.length === 0) return;
    writeText(between + list.map((item) => JSON.stringify(item)).join(',\n'));
    between = ',\n';
  };
  await forEachTokens(config, user, (rows) => {
    writeList(
      rowsOf(rows).map(({ token, spam, innocent, day }) => ({
        token: token.toString(),
        spam,
        innocent,
        ...(day === 0 ? {} : { lastHit: new Date(day * 86_400_000).toISOString().slice(0, 10) }),
      })),
    );
  });
  writeText('],"features":[');
  between = '';
  await withKnownUser(config, user, patience, (store) => writeFeatures(store, writeList));
  writeText(']}\n');
}

async function writeFeatures(store: UserStore, write: (list: readonly unknown[]) => void): Promise<void> {
  for await (const { keys, values } of store.features()) {
    write(Array.from(keys, (key, at) => [key, values[2 * at], values[2 * at + 1]]));
  }
}

function rowsOf({ keys, values, days }: TokenRows): TokenRow[] {
  return Array.from(keys, (token, at) => ({
    token,
    spam: values[2 * at] ?? 0,
    innocent: values[2 * at + 1] ?? 0,
    day: days?.[at] ?? 0,
  }));
}

/** The local midnight at which a day of the calendar begins. */
function midnight(day: number): Date {
  const date = new Date(day * 86_400_000);
  return new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
}

function writeText(text: string): void {
  writeAll(1, Buffer.from(text), 'stdout');
}
