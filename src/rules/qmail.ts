/**
 * Rules for qmail and vpopmail: one line of a .qmail file.
 *
 * tamis runs the deliverer itself, so that no pipe can hide that it failed. qmail-local and vdelivermail run the line by /bin/sh with
 * the environment of qmail-command(8); vdelivermail reads 499 bytes of a line and would split a longer one. Without a folder the line
 * hands the message to vdelivermail, which knows none; with a folder it delivers into ./Maildir/, as the line `./Maildir/` does.
 */
import { folderPath } from './folder.ts';
import { usage, type Host, type RuleOptions } from './options.ts';
import { shellQuote } from './quote.ts';

/** qmail, and vpopmail's domains. */
export const qmail: Host = {
  can: { user: true, folder: true, layout: ['maildir++'], separator: true, prefix: true, onFailure: true, via: ['tamis', 'tamisc'] },
  rule,
};

const lineLimit = 499;
const vdelivermail = "/home/vpopmail/bin/vdelivermail '' bounce-no-mailbox";
/** Gives the message the Return-Path and Delivered-To lines that a program does not get. */
const preline = '/var/qmail/bin/preline -f';

function rule(options: RuleOptions): string[] {
  const { user, folder, onFailure, program } = options;
  // A home's own .qmail has no EXT.
  const who = user === undefined ? '"${EXT:-$USER}${EXT:+@$HOST}"' : shellQuote(user);
  const filter = [
    ...program.map(shellQuote),
    '--user',
    folder === undefined && user === undefined ? '"$EXT@$HOST"' : who,
    ...(onFailure === 'defer' ? ['--on-error=defer'] : []),
  ].join(' ');
  const line =
    folder === undefined
      ? `|${filter} --deliver=exec -- ${vdelivermail}`
      : `|${preline} ${filter} --deliver=maildir:./Maildir --spam-folder=${shellQuote(folderPath(options))}`;
  if (Buffer.byteLength(line) > lineLimit) {
    throw usage(`the line would be longer than the ${lineLimit} bytes that vdelivermail reads; give tamis a shorter path by --program`);
  }
  return [
    '#',
    folder === undefined
      ? '# Judges a message, then hands it to vdelivermail: the .qmail-default of a vpopmail domain. The exit status is the deliverer\'s.'
      : '# Judges a message and delivers it into ./Maildir/, spam into its folder: instead of the line ./Maildir/ of a .qmail file.',
    '# If the filter is killed or missing, qmail tries again later, and nothing is lost; in a plain pipe it would be.',
    line,
  ];
}
