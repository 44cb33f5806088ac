/** The commands beside the filter, by yargs: parsed, run, and their errors told in one line. */
import yargs from 'yargs';
import manifest from '../../package.json' with { type: 'json' };
import { describe, systemCode, TamisError } from '../errors.ts';
import { log } from '../log.ts';
import { compatCommand } from './compat/install.ts';
import { doctorCommand } from './doctor.ts';
import { evaluateCommand } from './evaluate.ts';
import { explainCommand } from './explain.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { learnFoldersCommand } from './learn-folders.ts';
import { prefsCommand } from './prefs.ts';
import { purgeCommand } from './purge.ts';
import { quarantineCommand } from './quarantine.ts';
import { rulesCommand } from './rules.ts';
import { secretCommand } from './secret.ts';
import { serveCommand } from './serve.ts';
import { qmailCommand } from './qmail.ts';
import { statsCommand } from './stats.ts';
import { statusCommand } from './status.ts';
import { storeCommand } from './store.ts';
import { trainCommand } from './train.ts';
import { usersCommand } from './users.ts';
import { commonOptions, filterOptions, tied } from './words.ts';

export { runCompat } from './compat/run.ts';

/** Exit statuses (sysexits.h) of errors that trying again does not help; all others are 75. None of these is on a delivery path. */
const statuses: Readonly<Record<string, number>> = { USAGE: 64, USER: 64, INPUT: 66, CONFIG: 78 };
const temporaryFailure = 75;

/** Runs a command line that is not the filter's; resolves to the exit status. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const parser = yargs(tied(argv))
    .scriptName('tamis')
    .usage(
      'tamis --user NAME [--deliver=stdout] < message\n\nJudges a message by what its user has called spam before.',
    )
    .options(commonOptions)
    .command({
      command: '$0',
      describe: 'Filter the message on stdin (the default).',
      builder: filterOptions,
      handler: () => {
        parser.showHelp('log');
      },
    })
    .command(trainCommand)
    .command(learnFoldersCommand)
    .command(evaluateCommand)
    .command(explainCommand)
    .command(exportCommand)
    .command(importCommand)
    .command(statsCommand)
    .command(usersCommand)
    .command(prefsCommand)
    .command(quarantineCommand)
    .command(purgeCommand)
    .command(storeCommand)
    .command(serveCommand)
    .command(statusCommand)
    .command(secretCommand)
    .command(doctorCommand)
    .command(rulesCommand)
    .command(qmailCommand)
    .command(compatCommand)
    .middleware(lastValues, true)
    .version(manifest.version)
    .alias('help', 'h')
    .strict()
    .recommendCommands()
    .parserConfiguration({ 'duplicate-arguments-array': true, 'dot-notation': false })
    .wrap(Math.min(110, process.stdout.columns || 110))
    .exitProcess(false)
    .fail((message: string | undefined, error: unknown) => {
      throw error instanceof Error && error.name !== 'YError'
        ? error
        : new TamisError('USAGE', `Wrong command line: ${message ?? ''}; see --help.`);
    });
  let failure: unknown;
  process.stdout.on('error', (error) => {
    failure ??= error;
  });
  try {
    await parser.parseAsync();
    await flushed();
    // A command that has answered may say more by its status (doctor).
    return Number(process.exitCode ?? 0);
  } catch (caught) {
    const error = failure ?? caught;
    if (!readerHasGone(error)) log(describe(error));
    return statuses[systemCode(error) ?? ''] ?? temporaryFailure;
  }
}

/** Options that may be given more than once; of all others the last one counts, as it does for the filter. */
const lists: readonly string[] = ['_', '--', 'set', 'spam', 'innocent', 'ids', 'whitelist'];

function lastValues(argv: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(argv)) {
    if (Array.isArray(value) && !lists.includes(name)) argv[name] = value.at(-1);
  }
}

/** Waits until stdout has taken the help, so that leaving cuts nothing off. */
async function flushed(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write('', (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Whether the reader of stdout has gone, as `head` does: it knows that it has not seen everything. */
function readerHasGone(error: unknown): boolean {
  if (systemCode(error) === 'EPIPE') return true;
  return error instanceof TamisError && error.code === 'OUTPUT' && systemCode(error.cause) === 'EPIPE';
}
