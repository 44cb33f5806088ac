/**
 * `tamis quarantine list|release|delete`: the mail that was kept because it was judged spam (filter/quarantine.ts).
 *
 * A message that is released is learned as innocent, by its signature if that is known, and goes into the mailbox that the quarantine is a folder
 * of, into `--to MAILDIR`, or, one at a time, to stdout for a deliverer. It leaves the quarantine when it has arrived, so that it is
 * there twice rather than not at all. In the place of the old verdict it says X-DSPAM-Reclassified, so that no rule files it as spam again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Config } from '../config/load.ts';
import { TamisError } from '../errors.ts';
import { applyEdits } from '../filter/edit.ts';
import { MaildirSink } from '../filter/folder.ts';
import { HeaderBlock } from '../filter/headerblock.ts';
import { headerLines } from '../filter/headers.ts';
import { mailboxAround, quarantineOf } from '../filter/quarantine.ts';
import { writeAll } from '../filter/output.ts';
import { teachMessage } from '../judge/teaching.ts';
import { removeMessage } from '../maildir/move.ts';
import { uniquePart } from '../maildir/names.ts';
import { listMaildir } from '../maildir/reader.ts';
import { readContent } from '../message/read.ts';
import { splitMessage } from '../message/split.ts';
import {
  configOf,
  jsonOption,
  patience,
  print,
  printable,
  userOption,
  type Command,
  type CommonArguments,
} from './command.ts';

interface QuarantineArguments extends CommonArguments {
  action: string;
  user: string;
  ids: string[] | undefined;
  all: boolean;
  to: string | undefined;
  json: boolean;
}

/** A message that is kept. */
interface KeptMail {
  readonly id: string;
  readonly path: string;
}

/** What is told of it: the time in seconds since 1970 when it was kept, and its size in bytes. */
interface Description {
  readonly id: string;
  readonly time: number;
  readonly bytes: number;
  readonly from: string;
  readonly subject: string;
  readonly signature: string | undefined;
}

/** The command. */
export const quarantineCommand: Command<QuarantineArguments> = {
  command: 'quarantine <action> [ids..]',
  describe: 'List the mail that is kept as spam, release it (and learn that it is innocent), or delete it.',
  builder: (yargs) =>
    jsonOption(
      userOption(yargs)
        .positional('action', {
          type: 'string',
          choices: ['list', 'release', 'delete'],
          demandOption: true,
        })
        .positional('ids', { type: 'string', array: true, describe: 'Messages, as list names them.' })
        .option('all', { type: 'boolean', default: false, describe: 'All messages that are kept.' })
        .option('to', {
          type: 'string',
          requiresArg: true,
          describe:
            'A Maildir for what is released; without it the mailbox around the quarantine, or stdout.',
        }),
    ),
  handler: async (argv) => {
    const config = configOf(argv);
    const quarantine = quarantineOf(config, argv.user);
    const kept = await keptIn(quarantine);
    if (argv.action === 'list') await list(kept, argv.json);
    else if (argv.action === 'delete') {
      const gone = chosen(kept, argv);
      for (const { path } of gone) removeMessage(path);
      if (argv.json) print(true, { deleted: gone.map(({ id }) => id) }, () => []);
    } else await release(chosen(kept, argv), quarantine, config, argv);
  },
};

async function keptIn(quarantine: string): Promise<KeptMail[]> {
  if (!existsSync(quarantine)) return [];
  const paths = await listMaildir(quarantine);
  return paths.map((path) => ({ id: uniquePart(basename(path)), path }));
}

/** The messages that the command line names. */
function chosen(
  kept: readonly KeptMail[],
  { ids = [], all, user }: QuarantineArguments,
): readonly KeptMail[] {
  if (all === ids.length > 0) {
    throw new TamisError('USAGE', 'Wrong command line: name messages as list does, or say --all.');
  }
  if (all) return kept;
  return ids.map((id) => {
    const found = kept.find((one) => one.id === id);
    if (found !== undefined) return found;
    throw new TamisError('INPUT', `There is no message ${JSON.stringify(id)} in the quarantine of ${user}.`);
  });
}

async function list(kept: readonly KeptMail[], json: boolean): Promise<void> {
  const descriptions: Description[] = [];
  for (const one of kept) {
    const description = await describeMail(one);
    if (description !== undefined) descriptions.push(description);
  }
  print(json, descriptions, () =>
    descriptions.map(({ id, time, from, subject }) =>
      [id, new Date(time * 1000).toISOString(), from, subject].map(printable).join('  '),
    ),
  );
}

/** Undefined for a message that somebody has moved meanwhile. */
async function describeMail({ id, path }: KeptMail): Promise<Description | undefined> {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const { fields } = readContent(await splitMessage(bytes));
  const value = (name: string): string | undefined =>
    fields.find((field) => field.name.toLowerCase() === name)?.value;
  return {
    id,
    time: Number.parseInt(id, 10) || 0,
    bytes: bytes.length,
    from: value('from') ?? '',
    subject: value('subject') ?? '',
    signature: /^X-DSPAM-Signature: (\S+)\r?$/m.exec(bytes.toString('latin1', 0, 65_536))?.[1],
  };
}

async function release(
  kept: readonly KeptMail[],
  quarantine: string,
  config: Config,
  { user, to, json }: QuarantineArguments,
): Promise<void> {
  const maildir = to ?? mailboxAround(quarantine);
  if (maildir === undefined && kept.length > 1) {
    throw new TamisError(
      'USAGE',
      'Wrong command line: one message can go to stdout; for more, say --to MAILDIR.',
    );
  }
  for (const { path } of kept) {
    const bytes = readFileSync(path);
    const prefix = bytes.subarray(0, config.settings.prefixBytes);
    const { verdict } = await teachMessage(
      prefix,
      { user, config },
      { spam: false, source: 'error' },
      patience,
    );
    const pieces = applyEdits(bytes, new HeaderBlock(headerLines(verdict)).prefix(bytes, true));
    if (maildir === undefined) writeAll(1, Buffer.concat(pieces), 'stdout');
    else deliver(pieces, maildir);
    removeMessage(path);
  }
  if (json && maildir !== undefined) print(true, { released: kept.map(({ id }) => id) }, () => []);
}

function deliver(pieces: readonly Uint8Array[], maildir: string): void {
  const sink = new MaildirSink(maildir, undefined);
  try {
    for (const piece of pieces) sink.write(piece);
    sink.finish();
  } catch (error) {
    sink.abort();
    throw error;
  }
}
