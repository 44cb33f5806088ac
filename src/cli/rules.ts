/** `tamis rules`: prints, checks and installs the rule of a mail host. */
import { fileURLToPath } from 'node:url';
import { usualSockets } from '../config/sockets.ts';
import { usage, ways, type RuleOptions, type Way } from '../rules/options.ts';
import { hosts, ruleText } from '../rules/rules.ts';
import type { Command, CommonArguments } from './command.ts';
import { checkRule } from './rule-check.ts';
import { writeRule } from './rule-file.ts';

interface RulesArguments extends CommonArguments, Omit<RuleOptions, 'program' | 'whitelist'> {
  host: string;
  program: string | undefined;
  /** An array where it is given more than once. */
  whitelist: string | string[] | undefined;
  check: boolean;
  write: string | undefined;
}

/** The command. */
export const rulesCommand: Command<RulesArguments> = {
  command: 'rules <host>',
  describe: 'Print the rule by which a mail host files spam, or write it into its file.',
  builder: (yargs) =>
    yargs.positional('host', { type: 'string', choices: Object.keys(hosts), demandOption: true }).options({
      user: {
        type: 'string',
        requiresArg: true,
        describe: "Whose filter (default: the host's own variables say).",
      },
      folder: {
        type: 'string',
        requiresArg: true,
        describe: 'The folder for spam (default Spam); levels by /.',
      },
      layout: {
        choices: ['maildir++', 'fs'] as const,
        requiresArg: true,
        describe: 'How folders lie on disk.',
      },
      prefix: { type: 'string', requiresArg: true, describe: 'The prefix of the IMAP namespace: INBOX.' },
      separator: { type: 'string', requiresArg: true, describe: 'The separator of the IMAP namespace.' },
      subscribe: {
        choices: ['dovecot', 'courier', 'none'] as const,
        requiresArg: true,
        describe: 'Subscribe to the folder.',
      },
      'mark-read': { type: 'boolean', describe: 'Store spam as read.' },
      'tag-above': { type: 'number', requiresArg: true, describe: 'Tag mail of at least this probability.' },
      'discard-above': {
        type: 'number',
        requiresArg: true,
        describe: 'Throw spam of at least this probability away.',
      },
      'min-confidence': {
        type: 'number',
        requiresArg: true,
        describe: 'Leave spam of less confidence in the inbox, with the tag.',
      },
      whitelist: {
        type: 'string',
        requiresArg: true,
        describe: 'A sender, or a domain as @example.org, whose mail is never filed as spam; repeatable.',
      },
      'on-failure': {
        choices: ['defer', 'inbox'] as const,
        requiresArg: true,
        describe: 'What becomes of mail that could not be judged (default inbox).',
      },
      program: { type: 'string', requiresArg: true, describe: 'What the rule runs: an absolute path.' },
      via: { choices: ways, requiresArg: true, describe: 'How the filter is reached (default tamis).' },
      check: { type: 'boolean', default: false, describe: "Check the rule with the host's own parser." },
      write: {
        type: 'string',
        requiresArg: true,
        describe: 'Write it into this file, in the place of the one there.',
      },
    }),
  handler: ({ host, program, whitelist, check, write, ...options }) => {
    for (const [name, value] of Object.entries(options)) {
      if (Array.isArray(value) && name !== 'set' && name !== '_')
        throw usage(`--${name} is given more than once`);
    }
    const text = ruleText(host, {
      ...options,
      ...(whitelist === undefined ? {} : { whitelist: [whitelist].flat() }),
      program: program === undefined ? ownProgram(host, options.via) : [program],
    });
    const checked = check
      ? (whole: Uint8Array) => {
          checkRule(host, whole);
        }
      : undefined;
    if (write === undefined) {
      checked?.(Buffer.from(text));
      process.stdout.write(text);
    } else {
      writeRule(write, host, text, checked);
    }
  },
};

/** This tamis by its absolute path. Dovecot runs a program by its bare name; and what judges has to be the guard there. */
function ownProgram(host: string, via: Way = 'tamis'): readonly string[] {
  const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  // Without a socket it asks port 783. Of a second word Dovecot's settings would take it for what teaches.
  if (via === 'spamc')
    return host === 'dovecot' ? ['/usr/bin/spamc'] : ['/usr/bin/spamc', '-U', usualSockets.spamd];
  const script = beside(via === 'tamisc' ? 'tamisc.js' : 'tamis.js');
  if (via === 'tamis' && host === 'sieve') return [beside('../rules/tamis-filter')];
  if (via === 'tamis' && host === 'dovecot') return [beside('../rules/tamis-filter'), script];
  return host === 'sieve' || host === 'imapsieve' || host === 'dovecot'
    ? [script]
    : [process.execPath, script];
}
