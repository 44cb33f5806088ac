/**
 * The filter with the daemon as its judge: `tamisc`, and `tamis --client`.
 *
 * The message stays here; only its beginning is sent, and the verdict comes back. So everything else is as in the filter: header
 * lines, footers, delivery, and what happens when something fails.
 */
import { fstatSync } from 'node:fs';
import { askDaemon, socketOf } from '../daemon/client.ts';
import { beginningBytes, type Question } from '../daemon/frame.ts';
import { passOf } from '../daemon/pass.ts';
import { systemCode } from '../errors.ts';
import { filterMessage, lastResort, passUnjudged } from '../filter/filter.ts';
import { Input } from '../filter/input.ts';
import { blankMessage, Passage } from '../filter/passage.ts';
import { messageSettings } from '../judge/modes.ts';
import type { Verdict } from '../judge/verdict.ts';
import { log, logError } from '../log.ts';
import { inOurWords, wordsFor, type CalledAs } from './dspam-words.ts';
import { filterEach } from './each-user.ts';
import { fallbackOf, filterCommand, parseWords, type FilterCommand } from './options.ts';

/** EX_TEMPFAIL of sysexits.h. */
const temporaryFailure = 75;
/** Milliseconds that the daemon has, more than its own deadline (5 s) and less than Dovecot's (10 s). */
const patience = 7000;

/** Runs the filter's command line, judged by the daemon; resolves to the exit status. */
export async function runClient(argv: readonly string[], as: CalledAs = 'tamis'): Promise<number> {
  const { argv: words, users, ignored } = inOurWords(argv, as);
  if (ignored.length > 0) log(`these words change nothing: ${ignored.join(' ')}`);
  return users.length > 1
    ? filterEach(['--client', ...words], users)
    : await runOne(wordsFor(users[0], words));
}

/** Runs the filter's command line, in our words, for one user. */
async function runOne(argv: readonly string[]): Promise<number> {
  const parsed = parseWords(argv);
  let command: FilterCommand;
  try {
    command = filterCommand(parsed);
  } catch (error) {
    const { deliver, onError } = fallbackOf(parsed);
    if (deliver !== undefined)
      return passUnjudged(new Passage({ input: new Input(), deliver, onError }), error);
    logError(error);
    return temporaryFailure;
  }
  const { deliver, lesson, onError } = command;
  const idle = (command.config.set ?? []).filter(
    (set) => !messageSettings.some((name) => set.startsWith(`${name}=`)),
  );
  if (idle.length > 0) log(`the daemon has settings of its own, so these change nothing: ${idle.join(' ')}`);
  if (deliver?.kind === 'chosen' && !deliver.spam && (deliver.innocent || !deliver.summary)) {
    // Spam may have to be kept in the home, of which a client knows nothing.
    return await (await import('./filter.ts')).runFilter(argv);
  }
  if (deliver === undefined) return lesson === undefined ? 0 : await teach(command);
  const passage = new Passage({
    input: new Input(),
    deliver,
    onError,
    blank: lesson?.signature !== undefined,
  });
  lastResort(passage);
  let footers: Awaited<ReturnType<typeof ask>>['footers'] = [];
  return await filterMessage(passage, {
    prefixBytes: beginningBytes,
    deadlineMs: patience,
    judge: async (message, deadline): Promise<Verdict> => {
      const prefix = message.toString('latin1') === blankMessage ? Buffer.alloc(0) : message;
      const reply = await ask(command, prefix, deadline.remaining());
      ({ footers } = reply);
      return reply.verdict;
    },
    footer: () => Promise.resolve(footers),
  });
}

/** Learns a message that goes nowhere. */
async function teach(command: FilterCommand): Promise<number> {
  try {
    const silent = command.lesson?.signature !== undefined && fstatSync(0).isCharacterDevice();
    const message = silent ? Buffer.alloc(0) : new Input().prefix(beginningBytes).bytes;
    await ask(command, message, patience);
    return 0;
  } catch (error) {
    logError(error);
    return temporaryFailure;
  }
}

async function ask(
  command: FilterCommand,
  message: Buffer,
  milliseconds: number,
): ReturnType<typeof askDaemon> {
  const { user, classify, lesson, settings, daemon } = command;
  const question: Question = {
    user,
    bytes: message.length,
    whole: message.length < beginningBytes,
    classify,
    lesson,
    settings,
    pass: passOf(),
  };
  const socket = socketOf(daemon ?? '');
  try {
    return await askDaemon(socket, question, message, milliseconds);
  } catch (error) {
    if (systemCode(error) !== 'SECRET' || question.pass !== undefined) throw error;
    // As DSPAM's client has it from its configuration, which costs the others nothing.
    const pass = (await import('./filter.ts')).configuredPass(command.config);
    if (pass === undefined) throw error;
    return await askDaemon(socket, { ...question, pass }, message, milliseconds);
  }
}
