/**
 * The default command: one message from stdin, judged, to where it should go; or learned.
 *
 * Loaded on every delivery, so it loads only what a message needs. Whatever fails, the status is 0 or 75 (or the delivery
 * command's own): any other bounces mail on some host.
 */
import { actAsOwner, loadConfig, type Config } from '../config/load.ts';
import { systemCode } from '../errors.ts';
import { filterMessage, lastResort, passUnjudged } from '../filter/filter.ts';
import type { Edit } from '../filter/edit.ts';
import { footerEdits } from '../filter/footer.ts';
import { Input, type Prefix } from '../filter/input.ts';
import { Passage } from '../filter/passage.ts';
import { judgeMessage, teachMessage, type Lesson, type Task } from '../judge/process.ts';
import type { Verdict } from '../judge/verdict.ts';
import { logError } from '../log.ts';
import { fallbackOf, filterCommand, parseWords, type FilterCommand } from './options.ts';

/** EX_TEMPFAIL of sysexits.h. */
const temporaryFailure = 75;

/** How long a lesson without a message to deliver waits for the store, in milliseconds. */
const patience = 60_000;

/** Runs the filter's command line and resolves to the exit status. */
export async function runFilter(argv: readonly string[]): Promise<number> {
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
  const { user, classify, lesson, deliver, onError } = command;
  const task: Task = { user, config, classify };
  if (deliver === undefined) return lesson === undefined ? 0 : await teach(task, lesson);

  const { prefixBytes, deadline, signatureLocation } = config.settings;
  const passage = new Passage({ input: new Input(), deliver, onError });
  lastResort(passage);
  return await filterMessage(passage, {
    prefixBytes,
    deadlineMs: deadline * 1000,
    judge: async (prefix, limit) => {
      if (lesson === undefined) return await judgeMessage(prefix, task, limit);
      const { verdict } = await teachMessage(prefix, task, lesson, limit.remaining());
      return verdict;
    },
    footer: signatureLocation === 'message' && lesson === undefined ? tagFooter : undefined,
  });
}

/** The edits that put the signature into each text part. */
async function tagFooter({ bytes, whole }: Prefix, { signature }: Verdict): Promise<readonly Edit[]> {
  if (signature === undefined) return [];
  return await footerEdits(bytes, { tag: `!DSPAM:${signature}!`, complete: whole });
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
