/**
 * The default command: one message from stdin, judged, to where it should go; or learned.
 *
 * Loaded on every delivery, so it loads only what a message needs. Whatever fails, the status is 0 or 75 (or the delivery
 * command's own): any other bounces mail on some host.
 */
import { actAsOwner, loadConfig, type Config, type ConfigOptions } from '../config/load.ts';
import { sitePass } from '../daemon/pass.ts';
import { systemCode } from '../errors.ts';
import { filterMessage, lastResort, passUnjudged } from '../filter/filter.ts';
import { Input } from '../filter/input.ts';
import { markEdits } from '../filter/marks.ts';
import type { Deliver } from '../filter/deliver.ts';
import { blankMessage, Passage } from '../filter/passage.ts';
import { quarantineOf } from '../filter/quarantine.ts';
import { judgeMessage, type Task } from '../judge/process.ts';
import { teachMessage, type Lesson } from '../judge/teaching.ts';
import { withoutDetail } from '../judge/users.ts';
import { log, logError } from '../log.ts';
import { inOurWords, wordsFor, type CalledAs } from './dspam-words.ts';
import { filterEach } from './each-user.ts';
import { fallbackOf, filterCommand, parseWords, type FilterCommand } from './options.ts';

/** EX_TEMPFAIL of sysexits.h. */
const temporaryFailure = 75;

/** How long a lesson without a message to deliver waits for the store, in milliseconds. */
const patience = 60_000;

/** Runs the filter's command line and resolves to the exit status. */
export async function runFilter(argv: readonly string[], as: CalledAs = 'tamis'): Promise<number> {
  const { argv: words, users, ignored } = inOurWords(argv, as);
  if (ignored.length > 0) log(`these words change nothing: ${ignored.join(' ')}`);
  return users.length > 1 ? filterEach(words, users) : await filterOne(wordsFor(users[0], words));
}

/** What lets a client of the daemon in, as the configuration says it; undefined: it says none, or cannot be read. */
export function configuredPass(options: ConfigOptions): string | undefined {
  try {
    return sitePass(loadConfig({ home: options.home, config: options.config }).settings);
  } catch {
    return undefined;
  }
}

/** Runs the filter's command line, in our words, for one user. */
async function filterOne(argv: readonly string[]): Promise<number> {
  const parsed = parseWords(argv);
  let command: FilterCommand;
  let config: Config;
  try {
    command = filterCommand(parsed);
    config = loadConfig(command.config);
    actAsOwner(config.home);
  } catch (error) {
    const { deliver, onError } = fallbackOf(parsed);
    if (deliver !== undefined)
      return passUnjudged(new Passage({ input: new Input(), deliver, onError }), error);
    logError(error);
    return temporaryFailure;
  }
  const { classify, lesson, onError } = command;
  const user = withoutDetail(command.user, config.settings);
  const deliver = placed({ ...command, user }, config);
  const task: Task = { user, config, classify };
  if (deliver === undefined) return lesson === undefined ? 0 : await teach(task, lesson);

  const { prefixBytes, deadline } = config.settings;
  const passage = new Passage({
    input: new Input(),
    deliver,
    onError,
    blank: lesson?.signature !== undefined,
  });
  lastResort(passage);
  return await filterMessage(passage, {
    prefixBytes,
    deadlineMs: deadline * 1000,
    judge: async (prefix, limit) => {
      if (lesson === undefined) return await judgeMessage(prefix, task, limit);
      const message = prefix.toString('latin1') === blankMessage ? undefined : prefix;
      const { verdict } = await teachMessage(message, task, lesson, limit.remaining());
      return verdict;
    },
    footer: (message, verdict) => markEdits(message, verdict, config),
  });
}

/** The way out, with the place for spam that is kept. */
function placed({ deliver, user }: FilterCommand, config: Config): Deliver | undefined {
  if (deliver?.kind !== 'chosen') return deliver;
  return { ...deliver, quarantine: quarantineOf(config, user) };
}

/** Learns a message that goes nowhere: by its signature alone if that is known, else from stdin. */
async function teach(task: Task, lesson: Lesson): Promise<number> {
  try {
    if (lesson.signature !== undefined) {
      try {
        await teachMessage(undefined, task, lesson, patience);
        return 0;
      } catch (error) {
        if (systemCode(error) !== 'SIGNATURE_UNKNOWN' || process.stdin.isTTY) throw error;
      }
    }
    const { bytes } = new Input().prefix(task.config.settings.prefixBytes);
    await teachMessage(bytes.length === 0 ? undefined : bytes, task, lesson, patience);
    return 0;
  } catch (error) {
    logError(error);
    return temporaryFailure;
  }
}
