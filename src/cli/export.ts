/**
 * `tamis export`: what a user's filter knows, for other programs.
 *
 * `--format=dspam` prints the tokens of DSPAM's engine as dspam_dump does (token-line.ts), in the order of the store.
 *
 * `--format=json` prints one object: `user`, `totals` (as `tamis stats --json`), `tokens` and, of tamis' own model, `features` (its key, and the two
 * integers of its learner). A token is a string, because 64 bits are more than a number of JSON holds exactly.
 */
import type { Config } from '../config/load.ts';
import { TamisError } from '../errors.ts';
import { writeAll } from '../filter/output.ts';
import { forEachTokens } from '../judge/slices.ts';
import { userName, withKnownUser } from '../judge/users.ts';
import type { UserStore } from '../store/contract.ts';
import { configOf, jsonOption, patience, userOption, type Command, type CommonArguments } from './command.ts';
import { hitsLine, lastHit, rowsOf } from './token-line.ts';

interface ExportArguments extends CommonArguments {
  user: string;
  format: string | undefined;
  json: boolean;
}

const formats: Readonly<Record<string, (config: Config, user: string) => Promise<void>>> = {
  dspam: exportDspam,
  json: exportJson,
};

/** The command. */
export const exportCommand: Command<ExportArguments> = {
  command: 'export',
  describe: 'Print what a user’s filter knows: DSPAM’s tokens as dspam_dump prints them, or all as JSON.',
  builder: (yargs) =>
    jsonOption(userOption(yargs)).option('format', {
      type: 'string',
      choices: Object.keys(formats),
      requiresArg: true,
      describe: 'In which form; --json is --format=json.',
    }),
  handler: async ({ user, format: given, json, ...options }) => {
    const format = given ?? (json ? 'json' : undefined);
    if (format === undefined)
      throw new TamisError('USAGE', 'Wrong command line: name the format: --format=dspam or --format=json.');
    await formats[format]?.(configOf(options), user);
  },
};

async function exportDspam(config: Config, user: string): Promise<void> {
  const totals = await withKnownUser(config, user, patience, (store) => store.totals());
  const line = hitsLine(config, totals);
  await forEachTokens(config, user, (rows) => {
    writeText(
      rowsOf(rows)
        .map((row) => `${line(row)}${lastHit(row.day)}\n`)
        .join(''),
    );
  });
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

function writeText(text: string): void {
  writeAll(1, Buffer.from(text), 'stdout');
}
