/** `tamis qmail`: puts the filter into the .qmail files of a directory, takes it out again, and says what runs through it. */
import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { TamisError } from '../errors.ts';
import { log } from '../log.ts';
import { folderOnDisk } from '../maildir/layout.ts';
import type { LineOptions } from '../qmail/command.ts';
import { readQmailFiles, replaceFiles, type QmailFile } from '../qmail/directory.ts';
import { disabled, enabled, states, type LineState } from '../qmail/rewrite.ts';
import { domainDirectory } from '../qmail/vpopmail.ts';
import { jsonOption, print, type Command, type CommonArguments } from './command.ts';

interface QmailArguments extends CommonArguments {
  action: string;
  directory: string | undefined;
  'vpopmail-domain': string | undefined;
  folder: string | undefined;
  forwards: boolean;
  pipe: boolean;
  'dry-run': boolean;
  json: boolean;
}

type Action = (directory: string, files: readonly QmailFile[], argv: QmailArguments) => void;

const actions: Readonly<Record<string, Action>> = {
  status,
  enable: (directory, files, argv) => {
    const options = lineOptions(argv);
    change(directory, files, argv, (file) => enabled(file.content, contextOf(file), options));
    for (const { file, state } of statesOf(files, options)) {
      if (state.note !== undefined) log(`${file.path}: left as it is: ${utf8(state.line)} (${state.note})`);
    }
  },
  disable: (directory, files, argv) => {
    change(directory, files, argv, ({ content }) => disabled(content));
  },
};

/** The command. */
export const qmailCommand: Command<QmailArguments> = {
  command: 'qmail <action> [directory]',
  describe:
    'Put the filter into the .qmail files of a home or vpopmail domain, take it out, or see what runs through it.',
  builder: (yargs) =>
    jsonOption(
      yargs
        .positional('action', { type: 'string', choices: Object.keys(actions), demandOption: true })
        .positional('directory', { type: 'string', describe: 'Where the .qmail files are.' })
        .option('vpopmail-domain', {
          type: 'string',
          requiresArg: true,
          describe: 'The domain, instead of its directory.',
        })
        .option('folder', {
          type: 'string',
          requiresArg: true,
          describe: 'The folder that spam is put into, such as Spam; needs maildrop.',
        })
        .option('forwards', { type: 'boolean', default: false, describe: 'Filter what is forwarded, too.' })
        .option('pipe', {
          type: 'boolean',
          default: false,
          describe: 'Write plain pipes, which lose mail if the filter is killed.',
        })
        .option('dry-run', {
          type: 'boolean',
          default: false,
          describe: 'Show the changes, change nothing.',
        }),
    ),
  handler: (argv) => {
    if (argv.pipe && argv.folder !== undefined)
      throw usage('a plain pipe knows no folder: leave out --pipe or --folder');
    if (argv.folder !== undefined) folderOnDisk(argv.folder);
    const directory = directoryOf(argv);
    actions[argv.action]?.(directory, readQmailFiles(directory), argv);
  },
};

function directoryOf({ directory, 'vpopmail-domain': domain }: QmailArguments): string {
  if ((directory === undefined) === (domain === undefined)) {
    throw usage('name either a directory or --vpopmail-domain DOMAIN');
  }
  return domain === undefined ? resolve(directory ?? '') : domainDirectory(domain);
}

function status(directory: string, files: readonly QmailFile[], argv: QmailArguments): void {
  const known = statesOf(files, lineOptions({ ...argv, forwards: true })).filter(
    ({ state: { kind } }) => kind !== 'comment' && kind !== 'empty' && kind !== 'list',
  );
  const value = files.map((file) => ({
    file: file.path,
    problem: file.fixed ?? file.fault,
    lines: known
      .filter((one) => one.file === file)
      .map(({ state: { line, ...rest } }) => ({ line: utf8(line), ...rest })),
  }));
  print(argv.json, value, () =>
    files.length === 0
      ? [`${directory} has no .qmail files.`]
      : value.flatMap(({ file, problem, lines }) => [
          problem === undefined ? file : `${file}: ${problem}`,
          ...lines.map(({ line, ...state }) => `    ${wordOf(state)}  ${line}`),
        ]),
  );
}

/** What stands before a line in the list, of one width. */
function wordOf({ filtered, program, kind }: Omit<LineState, 'line'>): string {
  return (
    filtered
      ? 'filtered'
      : program === undefined || program === 'deliverer'
        ? `not (${kind})`
        : `not (${program})`
  ).padEnd(15);
}

interface Stated {
  readonly file: QmailFile;
  readonly state: LineState;
}

function statesOf(files: readonly QmailFile[], options: LineOptions): Stated[] {
  return files.flatMap((file) =>
    states(file.content, contextOf(file), options).map((state) => ({ file, state })),
  );
}

function change(
  directory: string,
  files: readonly QmailFile[],
  { 'dry-run': dryRun, json }: QmailArguments,
  rewritten: (file: QmailFile) => string,
): void {
  const replacements = files
    .map((file) => ({ file, content: rewritten(file), original: disabled(file.content) }))
    .filter(({ file, content }) => content !== file.content);
  for (const { file } of replacements)
    if (file.fixed !== undefined) log(`${file.path}: left as it is: ${file.fixed}`);
  const possible = replacements.filter(({ file }) => file.fixed === undefined);
  if (!dryRun) replaceFiles(directory, possible);
  const value = possible.map(({ file, content }) => ({
    file: file.path,
    diff: createTwoFilesPatch(file.path, file.path, utf8(file.content), utf8(content), '', '', {
      context: 1,
    }),
  }));
  print(json, value, () => value.map(({ diff }) => diff.replace(/^=+\n/, '').trimEnd()));
}

function contextOf({ name, mode }: QmailFile): { name: string; executable: boolean } {
  return { name, executable: (mode & 0o100) !== 0 };
}

function lineOptions({ home, config, set = [], folder, forwards, pipe }: QmailArguments): LineOptions {
  const entry = process.argv[1] ?? '';
  const settings = [
    ...(home === undefined ? [] : [`--home=${resolve(home)}`]),
    ...(config === undefined ? [] : [`--config=${resolve(config)}`]),
    ...set.map((one) => `--set=${one}`),
  ];
  return {
    program: [process.execPath, resolve(entry), ...settings],
    rule: join(dirname(realpathSync(entry)), '../rules/tamis-qmail.maildrop'),
    folder,
    forwards,
    pipe,
  };
}

/** For a person: the bytes of a file as UTF-8. */
function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

function usage(sentence: string): TamisError {
  return new TamisError('USAGE', `Wrong command line: ${sentence}.`);
}
