/**
 * `tamis learn-folders`: learns what users drop into folders for that, then moves or removes it.
 *
 * A message that the filter has signed for this user is learned by its signature, as a correction; another as part of a
 * collection. It leaves its folder only once what was learned is on disk, so that a run that is killed is gone on with by the next;
 * since a message counts once, two runs at a time do no harm. What cannot be read is named and stays.
 */
import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../config/load.ts';
import { isMissing, readBeginning } from '../corpus/file.ts';
import { messages } from '../corpus/messages.ts';
import { describe, TamisError } from '../errors.ts';
import { learnAll, type Example } from '../judge/bulk.ts';
import { readMessage } from '../judge/reading.ts';
import { log, logError } from '../log.ts';
import { folderOnDisk, isMaildir } from '../maildir/layout.ts';
import { isTemplate, mailboxes, mailboxOf, type Mailbox } from '../maildir/mailboxes.ts';
import { moveMessage, removeMessage } from '../maildir/move.ts';
import { flagsOf } from '../maildir/names.ts';
import { headerBlockOf, resultOf } from '../message/result.ts';
import { configOf, jsonOption, print, type Command, type CommonArguments } from './command.ts';

interface LearnFoldersArguments extends CommonArguments {
  maildir: string;
  user: string | undefined;
  spam: string;
  innocent: string;
  'spam-folder': string;
  then: string;
  moves: boolean;
  json: boolean;
}

/** What becomes of a message that was learned. */
type After = (
  item: { readonly path: string; readonly spam: boolean },
  maildir: string,
  spamFolder: string,
) => void;

const afters: Readonly<Record<string, After>> = {
  move: ({ path, spam }, maildir, spamFolder) => {
    moveMessage(path, maildir, spam ? spamFolder : undefined);
  },
  delete: ({ path }) => {
    removeMessage(path);
  },
  keep: () => undefined,
};

/** The command. */
export const learnFoldersCommand: Command<LearnFoldersArguments> = {
  command: 'learn-folders <maildir>',
  describe: 'Learn what users drop into Train-Spam and Train-Ham, then move or remove it; for cron.',
  builder: (yargs) =>
    jsonOption(
      yargs
        .positional('maildir', {
          type: 'string',
          demandOption: true,
          describe:
            'The Maildir of --user; or those of all users: /home/vpopmail/domains/%d/%n/Maildir, /home/%u/Maildir.',
        })
        .option('user', {
          type: 'string',
          requiresArg: true,
          describe: 'Whose filter; all whom the path names unless given.',
        })
        .option('spam', {
          type: 'string',
          requiresArg: true,
          default: 'Train-Spam',
          describe: 'The folder of spam to learn.',
        })
        .option('innocent', {
          type: 'string',
          requiresArg: true,
          default: 'Train-Ham',
          describe: 'The folder of innocent mail to learn.',
        })
        .option('then', {
          type: 'string',
          choices: Object.keys(afters),
          default: 'move',
          describe: 'Move spam to --spam-folder and innocent mail to the inbox, delete both, or keep them.',
        })
        .option('spam-folder', {
          type: 'string',
          requiresArg: true,
          default: 'Spam',
          describe: 'Where spam lies.',
        })
        .option('moves', {
          type: 'boolean',
          default: false,
          describe:
            'Learn also what lies in --spam-folder though it was judged innocent, and the other way round.',
        }),
    ),
  handler: async ({ json, ...argv }) => {
    const config = configOf(argv);
    const tally = { users: 0, spam: 0, innocent: 0, duplicates: 0, failed: 0 };
    let troubled = 0;
    for (const mailbox of mailboxesOf(argv)) {
      try {
        await learnMailbox(config, mailbox, argv, tally);
        tally.users++;
      } catch (error) {
        troubled++;
        log(`the mail of ${mailbox.user} was not learned, or not all of it: ${describe(error)}`);
      }
    }
    print(json, tally, () => [
      `${tally.spam} spam and ${tally.innocent} innocent messages of ${tally.users} users learned, ` +
        `${tally.duplicates} known already, ${tally.failed} failed`,
    ]);
    if (troubled > 0) {
      throw new TamisError(
        'STORE_FAILED',
        `The mail of ${troubled} users was not all learned; running it again goes on.`,
      );
    }
  },
};

type Options = Omit<LearnFoldersArguments, 'json'>;

interface Tally {
  spam: number;
  innocent: number;
  duplicates: number;
  failed: number;
}

function mailboxesOf({ maildir, user }: Options): Mailbox[] {
  if (user === undefined) return mailboxes(maildir);
  const mailbox = isTemplate(maildir) ? mailboxOf(maildir, user) : { user, maildir };
  if (isMaildir(mailbox.maildir)) return [mailbox];
  throw new TamisError('INPUT', `${mailbox.maildir} is not a Maildir; see how it is written.`);
}

/** A message to learn, and what is to become of it. */
interface Item extends Example {
  readonly path: string;
  readonly after: After;
}

async function learnMailbox(
  config: Config,
  { user, maildir }: Mailbox,
  options: Options,
  tally: Tally,
): Promise<void> {
  const spamFolder = folderOnDisk(options['spam-folder']);
  const failed = (path: string, error: unknown): void => {
    tally.failed++;
    logError(new TamisError('INPUT', `${path} was not learned, and is left where it is.`, { cause: error }));
  };
  const { prefixBytes: limit } = config.settings;
  const after = afters[options.then] ?? stay;
  const dropped = (name: string, spam: boolean): AsyncGenerator<Item> =>
    droppedItems(join(maildir, folderOnDisk(name)), spam, { limit, after, failed });
  const sources = [dropped(options.spam, true), dropped(options.innocent, false)];
  if (options.moves) {
    const moved = await movedMessages(maildir, options, limit);
    sources.push(movedItems(moved, { limit, after: stay, failed }));
  }
  await learnAll(config, user, alternating(sources), (example, learning) => {
    tally[learning === 'duplicate' ? 'duplicates' : example.spam ? 'spam' : 'innocent']++;
    const { path, after: act } = example;
    try {
      act(example, maildir, spamFolder);
    } catch (error) {
      tally.failed++;
      logError(new TamisError('DELIVERY', `${path} was learned, but is left where it is.`, { cause: error }));
    }
  });
}

const stay: After = () => undefined;

interface Walk {
  readonly limit: number;
  readonly after: After;
  readonly failed: (path: string, error: unknown) => void;
}

async function exampleOf(bytes: Uint8Array): Promise<Omit<Example, 'spam'>> {
  const reading = await readMessage(bytes);
  return { reading, prefix: bytes, signatures: reading.signatures };
}

/** The messages of a folder for training; none if there is no such folder. */
async function* droppedItems(
  folder: string,
  spam: boolean,
  { limit, after, failed }: Walk,
): AsyncGenerator<Item> {
  if (!isMaildir(folder)) return;
  // A link could lead to somebody else's mail, which would be moved or deleted by whoever may do that to everybody's.
  if (['', 'new', 'cur'].some((part) => lstatSync(join(folder, part)).isSymbolicLink())) {
    const error = new TamisError('INPUT', 'The folder, or a part of it, is a symbolic link.');
    failed(folder, error);
    return;
  }
  for await (const item of messages(folder, limit)) {
    if ('error' in item) failed(item.path, item.error);
    else {
      try {
        yield { ...(await exampleOf(item.bytes)), spam, path: item.path, after };
      } catch (error) {
        failed(item.path, error);
      }
    }
  }
}

/** Folders in which a message says nothing of what its owner thinks of it. */
const others: ReadonlySet<string> = new Set([
  '.Trash',
  '.Deleted Items',
  '.Deleted Messages',
  '.Sent',
  '.Drafts',
  '.Queue',
  '.Templates',
]);

/**
 * Messages that lie where they were not judged to belong: innocent ones in the folder for spam, spam elsewhere that has been read.
 * Only what the filter has signed is learned (`signedOnly`): a sender's own X-DSPAM lines teach nothing.
 *
 * The folders are walked before the first is learned, because the store is held while examples are read.
 */
async function movedMessages(
  maildir: string,
  options: Options,
  limit: number,
): Promise<{ path: string; spam: boolean }[]> {
  const spamFolder = folderOnDisk(options['spam-folder']);
  const silent = new Set([...others, folderOnDisk(options.spam), folderOnDisk(options.innocent)]);
  const names = await readdir(maildir);
  const found: { path: string; spam: boolean }[] = [];
  for (const name of ['', ...names.filter((one) => one.startsWith('.') && !silent.has(one))]) {
    const folder = join(maildir, name);
    if (!isMaildir(folder)) continue;
    const spam = name === spamFolder || name.startsWith(`${spamFolder}.`);
    for await (const item of messages(folder, limit)) {
      // What cannot be read in the rest of the folders is not for this command to tell.
      if ('error' in item || resultOf(headerBlockOf(item.bytes)) !== (spam ? 'Innocent' : 'Spam')) continue;
      if (spam || flagsOf(basename(item.path)).includes('S')) found.push({ path: item.path, spam });
    }
  }
  return found;
}

async function* movedItems(
  moved: readonly { path: string; spam: boolean }[],
  { limit, after, failed }: Walk,
): AsyncGenerator<Item> {
  for (const { path, spam } of moved) {
    try {
      const example = await exampleOf(readBeginning(path, limit));
      yield { ...example, spam, signedOnly: true, path, after };
    } catch (error) {
      if (!isMissing(error)) failed(path, error);
    }
  }
}

/** Takes from each in turn, because learners forget the class that came first. */
async function* alternating<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  let open = [...sources];
  while (open.length > 0) {
    const done: AsyncGenerator<T>[] = [];
    for (const source of open) {
      const next = await source.next();
      if (next.done === true) done.push(source);
      else yield next.value;
    }
    open = open.filter((source) => !done.includes(source));
  }
}
