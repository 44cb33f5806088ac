/**
 * `dspam_train USER [--client] SPAMDIR HAMDIR` or `-i INDEX`: judges sorted mail in turn, and teaches what was judged wrongly.
 *
 *     [test: nonspam] ham/0001                               result: PASS
 *     [test: spam   ] spam/0001                              result: FAIL (Innocent)
 *
 * Folders may be Maildirs or mbox files too. Each message is judged as one that arrives, so it is learned as the training mode says, and an error is
 * corrected by its signature. At the end the figures stand since the beginning, as dspam_stats prints them. `--client` changes nothing: a message
 * here costs no process, which is what DSPAM's saved by it.
 */
import { readIndex } from '../../corpus/index-file.ts';
import { countMessages, messages } from '../../corpus/messages.ts';
import { describe } from '../../errors.ts';
import { Deadline } from '../../judge/deadline.ts';
import { judgeMessage, type Task } from '../../judge/process.ts';
import { teachMessage } from '../../judge/teaching.ts';
import { userName } from '../../judge/users.ts';
import { patience } from '../command.ts';
import { linesOf } from './stats.ts';
import { configured, say, usage } from './words.ts';

interface Sorted {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly spam: boolean;
}

/** The program. */
export async function runTrain(argv: readonly string[]): Promise<void> {
  const { config, argv: rest } = configured(argv);
  const [user, ...words] = rest.filter((word) => word !== '--client');
  const [first, second] = words;
  if (
    user === undefined ||
    user.startsWith('-') ||
    first === undefined ||
    second === undefined ||
    words.length > 2
  )
    throw usage('dspam_train takes USER SPAMDIR HAMDIR, or USER -i INDEX');
  const limit = config.settings.prefixBytes;
  const sorted = first === '-i' ? indexed(second, limit) : inTurn(first, second, limit);
  const task: Task = { user, config: { ...config, settings: { ...config.settings, createUsers: true } } };
  const figures: [number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0];
  for await (const message of sorted) {
    const { line, place } = await trained(message, task);
    figures[place]++;
    say(line);
  }
  say(...linesOf(userName(user, config), figures, new Set('S')));
}

/** Judges a message and teaches it if that was wrong; the line on it, and the place of what came of it in the figures. */
async function trained(
  { path, bytes, spam }: Sorted,
  task: Task,
): Promise<{ line: string; place: 0 | 1 | 2 | 3 }> {
  const test = `[test: ${(spam ? 'spam' : 'nonspam').padEnd(7)}] ${path.padEnd(40)} result: `;
  const verdict = await judgeMessage(bytes, task, new Deadline(patience));
  const { signature, result } = verdict;
  const right = (result === 'Spam') === spam;
  if (right) return { line: `${test}PASS`, place: spam ? 0 : 1 };
  await teachMessage(bytes, task, { spam, source: 'error', signature }, patience);
  return { line: `${test}FAIL (${result})`, place: spam ? 3 : 2 };
}

async function* indexed(index: string, limit: number): AsyncGenerator<Sorted> {
  for (const { path, spam } of await readIndex(index)) {
    for await (const { bytes } of readable(path, limit)) yield { path, bytes, spam };
  }
}

/** Both folders, each time one message of the one of which the smaller share has been read. */
async function* inTurn(spamFolder: string, hamFolder: string, limit: number): AsyncGenerator<Sorted> {
  const piles = await Promise.all(
    [spamFolder, hamFolder].map(async (folder, at) => ({
      spam: at === 0,
      count: Math.max(1, await countMessages(folder)),
      done: 0,
      items: readable(folder, limit),
    })),
  );
  while (piles.length > 0) {
    piles.sort((one, other) => one.done / one.count - other.done / other.count);
    const [pile] = piles;
    const next = await pile?.items.next();
    if (pile === undefined || next === undefined) return;
    if (next.done === true) piles.shift();
    else {
      pile.done++;
      yield { ...next.value, spam: pile.spam };
    }
  }
}

/** The messages of a path; of one that cannot be read a line on stderr tells. */
async function* readable(path: string, limit: number): AsyncGenerator<{ path: string; bytes: Uint8Array }> {
  for await (const item of messages(path, limit)) {
    if ('error' in item) process.stderr.write(`dspam_train: ${describe(item.error)}\n`);
    else yield { path: item.path, bytes: item.bytes };
  }
}
