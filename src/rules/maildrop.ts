/**
 * Rules for maildrop: lines of a mailfilter, to be written into one or included.
 *
 * The shell takes names from its environment, where maildrop's variables are; so no name of a user or folder can become a command.
 * Facts that the rule keeps: `xfilter` that fails outside of an exception{} is a 75, inside of one the message goes on as it came;
 * `SHELL` is whatever shell the account has; FLAGS holds for all deliveries that follow.
 */
import { filterCommand, guard, tagSubject } from './guard.ts';
import { folderPath, makeFolder } from './folder.ts';
import { figurePattern, whitelistPatterns, type Host, type RuleOptions } from './options.ts';
import { maildropQuote } from './quote.ts';

/** maildrop. */
export const maildrop: Host = {
  can: {
    user: true,
    folder: true,
    layout: true,
    prefix: true,
    separator: true,
    subscribe: true,
    markRead: true,
    tagAbove: true,
    discardAbove: true,
    minConfidence: true,
    whitelist: true,
    onFailure: true,
    via: true,
  },
  rule,
};

/** `xfilter` reads the quotes of its string in a way of its own, so the shell gets the command from its environment. */
const command = `'eval "$TAMIS_COMMAND"'`;

const spam = '/^X-DSPAM-Result:[[:space:]]*Spam\\b/:h';
const probable = (limit: number): string => `/${figurePattern('X-DSPAM-Probability', limit)}/:h`;

function rule(options: RuleOptions): string[] {
  const { user, markRead, discardAbove, onFailure = 'inbox' } = options;
  const sure = sureSpam(options);
  const tagged = taggedMail(options);
  const trusted = whitelistPatterns(options, '[[:space:]]*');
  return [
    '#',
    '# Judges a message and puts spam into its folder; everything else goes on to the rules that follow. In .mailfilter, before those:',
    '#',
    '#     TAMIS_MAILDIR="$HOME/Maildir"       if the Maildir is somewhere else',
    '#     TAMIS_USER="$LOGNAME"               if the user is called otherwise; with vpopmail, after import EXT and',
    '#                                         import HOST: TAMIS_USER="$EXT@$HOST"',
    '#     include "/path/of/this/file"        or the lines themselves',
    '#     to "$TAMIS_MAILDIR"',
    '#',
    onFailure === 'defer'
      ? '# If the filter fails in any way, maildrop exits 75 and the mail is tried again later.'
      : '# If the filter fails in any way, the message goes on unjudged, without the X-DSPAM lines of its sender.',
    '# If the folder cannot be made or written, the message goes on to the rules that follow, too.',
    ...(user === undefined ? fallback('TAMIS_USER', '"$LOGNAME"') : [`TAMIS_USER=${maildropQuote(user)}`]),
    ...fallback('TAMIS_MAILDIR', '"$HOME/Maildir"'),
    'TAMIS_SHELL="$SHELL"',
    'SHELL="/bin/sh"',
    'TAMIS_JUDGED=""',
    ...judging(options),
    `if (${['"$TAMIS_JUDGED" eq "yes"', ...trusted.map((one) => `!/${one}/:h`)].join(' && ')})`,
    '{',
    ...indented([
      ...(discardAbove === undefined
        ? []
        : [`if (${sure} && ${probable(discardAbove)})`, '{', '    EXITCODE=0', '    exit', '}']),
      ...(tagged === undefined
        ? []
        : [
            `if (${tagged})`,
            '{',
            '    exception {',
            `        TAMIS_COMMAND=${maildropQuote(tagSubject)}`,
            `        xfilter ${command}`,
            '    }',
            '}',
          ]),
      `if (${sure})`,
      '{',
      `    TAMIS_COMMAND=${maildropQuote(makeFolder(options))}`,
      `    system ${command}`,
      `    TAMIS_FOLDER=${maildropQuote(folderPath(options))}`,
      ...(markRead === true ? ['    TAMIS_FLAGS="$FLAGS"', '    FLAGS="S"'] : []),
      '    exception {',
      '        to "$TAMIS_MAILDIR/$TAMIS_FOLDER/"',
      '    }',
      ...(markRead === true ? ['    FLAGS="$TAMIS_FLAGS"'] : []),
      '}',
    ]),
    '}',
    'SHELL="$TAMIS_SHELL"',
    'TAMIS_COMMAND=""',
  ];
}

/** The condition for spam that is filed. */
function sureSpam({ minConfidence }: RuleOptions): string {
  return minConfidence === undefined ? spam : `${spam} && /${figurePattern('X-DSPAM-Confidence', minConfidence)}/:h`;
}

/** The condition for mail that gets a tag; undefined if none does. */
function taggedMail({ tagAbove, minConfidence }: RuleOptions): string | undefined {
  const conditions = [
    ...(tagAbove === undefined ? [] : [`(!/^X-DSPAM-Result:[[:space:]]*Whitelisted/:h && ${probable(tagAbove)})`]),
    ...(minConfidence === undefined ? [] : [`(${spam} && !/${figurePattern('X-DSPAM-Confidence', minConfidence)}/:h)`]),
  ];
  return conditions.length === 0 ? undefined : conditions.join(' || ');
}

/** Sets TAMIS_JUDGED if the message has been judged, and is whole; with LMTP that was before it came here. */
function judging(options: RuleOptions): string[] {
  const { onFailure = 'inbox', via } = options;
  const judged = 'TAMIS_JUDGED="yes"';
  if (via === 'lmtp') return [judged];
  const filter = [
    `TAMIS_COMMAND=${maildropQuote(guard({ command: filterCommand(options, '"$TAMIS_USER"'), onFailure }))}`,
    `xfilter ${command}`,
    judged,
  ];
  return onFailure === 'defer' ? filter : ['exception {', ...indented(filter), '}'];
}

function fallback(name: string, value: string): string[] {
  return [`if ("$${name}" eq "")`, '{', `    ${name}=${value}`, '}'];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`);
}
