/**
 * Rules for procmail: lines of a procmailrc, to be written into one or included by INCLUDERC.
 *
 * Facts that the rule keeps: only `w` waits for the status of a filter, and only then is the message recovered if it fails; `r`
 * adds no empty line; a command line longer than LINEBUF is cut; a folder that cannot be written falls through to what follows.
 * It cannot store mail as read.
 */
import { filterCommand, guard, tagSubject } from './guard.ts';
import { folderPath, makeFolder } from './folder.ts';
import { figurePattern, whitelistPatterns, type FigureLine, type Host, type RuleOptions } from './options.ts';
import { procmailQuote } from './quote.ts';

/** procmail. */
export const procmail: Host = {
  can: {
    user: true,
    folder: true,
    layout: true,
    prefix: true,
    separator: true,
    subscribe: true,
    tagAbove: true,
    discardAbove: true,
    minConfidence: true,
    whitelist: true,
    onFailure: true,
    via: true,
  },
  rule,
};

const blanks = '[ \t]*';
const spam = `* ^X-DSPAM-Result:${blanks}Spam`;

function rule(options: RuleOptions): string[] {
  const { user, tagAbove, discardAbove, minConfidence, onFailure = 'inbox' } = options;
  const sure = minConfidence === undefined ? [] : [`  * ${pattern('X-DSPAM-Confidence', minConfidence)}`];
  return [
    '#',
    '# Judges a message and puts spam into its folder; everything else goes on to the recipes that follow. In .procmailrc, before those:',
    '#',
    '#     TAMIS_MAILDIR=$HOME/Maildir         if the Maildir is somewhere else',
    '#     TAMIS_USER=$LOGNAME                 if the user is called otherwise',
    '#     INCLUDERC=/path/of/this/file        or the lines themselves',
    '#',
    onFailure === 'defer'
      ? '# If the filter fails in any way, procmail exits 75 and the mail is tried again later.'
      : '# If the filter fails in any way, the message goes on unjudged, without the X-DSPAM lines of its sender.',
    '# If the folder cannot be made or written, the message goes on to the recipes that follow, too.',
    user === undefined ? 'TAMIS_USER=${TAMIS_USER:-$LOGNAME}' : `TAMIS_USER=${procmailQuote(user)}`,
    'TAMIS_MAILDIR=${TAMIS_MAILDIR:-$HOME/Maildir}',
    `TAMIS_FOLDER=${procmailQuote(folderPath(options))}`,
    'TAMIS_SHELL=$SHELL',
    'TAMIS_LINEBUF=$LINEBUF',
    'SHELL=/bin/sh',
    'LINEBUF=16384',
    ...judging(options),
    ':0',
    '* TAMIS_JUDGED ?? ^yes$',
    ...whitelistPatterns(options, blanks).map((one) => `* ! ${one}`),
    '{',
    ...(discardAbove === undefined ? [] : ['  :0', `  ${spam}`, ...sure, `  * ${pattern('X-DSPAM-Probability', discardAbove)}`, '  /dev/null', '']),
    ...(tagAbove === undefined
      ? []
      : [
          '  :0 fhwr',
          `  * ! ^X-DSPAM-Result:${blanks}Whitelisted`,
          `  * ${pattern('X-DSPAM-Probability', tagAbove)}`,
          `  | ${tagSubject}`,
          '',
        ]),
    ...(minConfidence === undefined
      ? []
      : [
          // E: not what has the tag already.
          `  :0 ${tagAbove === undefined ? '' : 'E'}fhwr`,
          `  ${spam}`,
          `  * ! ${pattern('X-DSPAM-Confidence', minConfidence)}`,
          `  | ${tagSubject}`,
          '',
        ]),
    '  :0 r',
    `  ${spam}`,
    ...sure,
    `  * ? ${makeFolder(options)}`,
    '  "$TAMIS_MAILDIR/$TAMIS_FOLDER/"',
    '}',
    'SHELL=$TAMIS_SHELL',
    'LINEBUF=$TAMIS_LINEBUF',
  ];
}

/** Sets TAMIS_JUDGED if the message has been judged, and is whole; with LMTP that was before it came here. */
function judging(options: RuleOptions): string[] {
  const { onFailure = 'inbox', via } = options;
  if (via === 'lmtp') return ['TAMIS_JUDGED=yes', ''];
  return [
    'TAMIS_JUDGED=no',
    '',
    ':0 fwr',
    `| ${guard({ command: filterCommand(options, '"$TAMIS_USER"'), onFailure })}`,
    '',
    ':0 a',
    '{ TAMIS_JUDGED=yes }',
    '',
    ...(onFailure === 'defer' ? [':0', '* ! TAMIS_JUDGED ?? ^yes$', '{ EXITCODE=75 HOST }', ''] : []),
  ];
}

/** procmail's regular expressions know no classes by name. */
function pattern(line: FigureLine, limit: number): string {
  return figurePattern(line, limit, blanks);
}
