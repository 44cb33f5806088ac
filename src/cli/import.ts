/**
 * `tamis import`: takes over what another filter has learned.
 *
 *     tamis import dspam --from SOURCE [--user NAME]
 *     tamis import bogofilter --from WORDS --user NAME      WORDS: what bogoutil -d prints
 *     tamis import dspam --config dspam.conf [--home DIR] [--write tamis.toml]
 *
 * With `--from`, `--config` names tamis' own configuration, as it does everywhere else.
 */
import { unlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/load.ts';
import { importSource, type ImportReport } from '../import/import.ts';
import type { Settings } from '../config/settings.ts';
import { preferenceSetting } from '../import/dspam-directives.ts';
import { bogofilterFacts } from '../import/bogofilter.ts';
import { tomlOf } from '../import/dspam-conf.ts';
import { openSource, type Source } from '../import/source.ts';
import type { UserReport } from '../import/write.ts';
import { describe, TamisError } from '../errors.ts';
import { writeAll } from '../filter/output.ts';
import { log } from '../log.ts';
import { configOf, jsonOption, print, type Command, type CommonArguments } from './command.ts';
import { progressBar, type Progress } from './progress.ts';

interface ImportArguments extends CommonArguments {
  program: string;
  from: string | undefined;
  user: string | undefined;
  write: string | undefined;
  json: boolean;
}

/** Characters that are shown of a preference. */
const longestSaid = 120;

const programs: Readonly<Record<string, (argv: ImportArguments) => Promise<void>>> = {
  dspam: importDspam,
  bogofilter: importBogofilter,
  spamassassin: refuseSpamassassin,
};

/** The command. */
export const importCommand: Command<ImportArguments> = {
  command: 'import <program>',
  describe: 'Take over what another filter has learned.',
  builder: (yargs) =>
    jsonOption(yargs)
      .positional('program', { type: 'string', choices: Object.keys(programs), demandOption: true })
      .option('from', {
        type: 'string',
        requiresArg: true,
        describe: 'What to read: a file, a directory or a database.',
      })
      .option('user', {
        type: 'string',
        requiresArg: true,
        describe: 'Whose it is, if the source does not tell; else the only user to take.',
      })
      .option('write', {
        type: 'string',
        requiresArg: true,
        describe: 'With --config dspam.conf: the file to write, which must not exist, instead of stdout.',
      }),
  handler: async (argv) => {
    await programs[argv.program]?.(argv);
  },
};

async function importDspam({ from, user, write, json, ...options }: ImportArguments): Promise<void> {
  if (from === undefined && options.config !== undefined) {
    writeConfiguration(options.config, options.home, write);
    return;
  }
  if (from === undefined) {
    throw new TamisError(
      'USAGE',
      'Wrong command line: import dspam needs --from SOURCE or --config dspam.conf.',
    );
  }
  const config = configOf(options, from);
  await importFrom(openSource(from, user !== undefined), config, { user, json });
}

async function importBogofilter({ from, user, json, ...options }: ImportArguments): Promise<void> {
  if (from === undefined || user === undefined) {
    const sentence =
      'Wrong command line: import bogofilter needs --from FILE, what bogoutil -d prints, and --user NAME.';
    throw new TamisError('USAGE', sentence);
  }
  const source = { form: 'list of words of bogofilter', facts: () => bogofilterFacts(from) };
  await importFrom(source, configOf(options, from), { user, json });
}

/** What `sa-learn --backup` prints are hashes of SpamAssassin's own tokens: nobody can tell which words they were. */
function refuseSpamassassin(): Promise<void> {
  const sentence =
    'A backup of SpamAssassin holds hashes of its own tokens, which no other filter can read. Learn from the mail instead: tamis train --user NAME --spam PATH --innocent PATH.';
  return Promise.reject(new TamisError('INPUT', sentence));
}

async function importFrom(
  source: Source,
  config: Config,
  { user, json }: Pick<ImportArguments, 'user' | 'json'>,
): Promise<void> {
  let progress: Progress | undefined;
  const report = await importSource(config, source, user, {
    begin: (rows) => {
      progress = progressBar(rows, 'rows');
    },
    step: (rows) => {
      progress?.step(rows);
    },
    end: () => {
      progress?.stop();
    },
  });
  tell(report, json, config);
}

/** Writes tamis.toml, and beside it a copy of the group file: DSPAM's home is not for everybody who delivers, and will not stay for ever. */
function writeConfiguration(dspamConf: string, home: string | undefined, file: string | undefined): void {
  if (file === undefined) {
    writeAll(1, Buffer.from(tomlOf(dspamConf, { home }).toml), 'stdout');
    return;
  }
  const groupFile = `${resolve(file).replace(/\.toml$/, '')}.group`;
  const { toml, groups } = tomlOf(dspamConf, { home, groupFile });
  // The one that others name last: should it fail, nothing is in force.
  if (groups !== undefined) writeNew(groupFile, groups);
  try {
    writeNew(file, Buffer.from(toml));
  } catch (error) {
    if (groups !== undefined) unlinkSync(groupFile);
    throw error;
  }
}

function writeNew(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { flag: 'wx', mode: 0o640 });
  } catch (cause) {
    throw new TamisError('OUTPUT', `Cannot write ${file}, which must not exist yet: ${describe(cause)}.`, {
      cause,
    });
  }
}

function tell(report: ImportReport, json: boolean, { settings }: Config): void {
  for (const [uid, rows] of Object.entries(report.nameless)) {
    log(`uid ${uid} has no name in the source; its ${rows} rows were left out.`);
  }
  const others = report.sitePreferences.filter((said) => !isInForce(said, settings));
  if (others.length > 0) {
    log(
      `the site has preferences of its own, which are for you to put into tamis.toml: ${others.map(shown).join(', ')}`,
    );
  }
  for (const { user, otherPreferences } of report.users) {
    if (otherPreferences.length > 0)
      log(
        `${user}: preferences that tamis does not have were left out: ${otherPreferences.map(shown).join(', ')}`,
      );
  }
  print(json, report, () => report.users.map(lineOf));
}

/** Whether a preference of DSPAM's site, `name=value`, is what the configuration says. */
function isInForce(said: string, settings: Settings): boolean {
  const at = said.indexOf('=');
  const [name, value] = preferenceSetting(said.slice(0, at), said.slice(at + 1)) ?? [];
  return name !== undefined && String(settings[name]) === String(value);
}

/** What a source says, in a line for a person: short and printable. */
function shown(said: string): string {
  const text = said.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?');
  return text.length > longestSaid ? `${text.slice(0, longestSaid)}…` : text;
}

function lineOf(report: UserReport): string {
  const { user, tokens, before, after, sampled, signatures, expired } = report;
  if (report.known) return `${user}: was imported before, nothing was changed; the store has ${after} tokens`;
  return [
    `${user}: ${tokens} tokens imported, the store had ${before} and has ${after}, ${sampled} looked at`,
    `${report.spamLearned} spam and ${report.innocentLearned} innocent messages learned`,
    `${signatures} signatures, ${expired} expired or without tokens; ${report.preferences.length} preferences`,
  ].join('; ');
}
