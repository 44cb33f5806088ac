/**
 * Rules for Dovecot's Sieve (Pigeonhole): a script of the site, run before those of the users.
 *
 * Facts that the rule keeps: only global scripts may call a program, and only one that lies in sieve_filter_bin_dir, by its bare
 * name; if it fails, `filter` is false and the message stays as it came, so that its X-DSPAM lines are its sender's: they are taken
 * out where Sieve may edit header lines, since a user's own script could believe them. Sieve has no way to defer. It cannot tell that a program printed nothing; tamis-filter, which comes with tamis, can, and is the default.
 */
import { basename, dirname } from 'node:path';
import { filterWords, userFlag } from './guard.ts';
import { atLeast, mailboxName, usage, type FigureLine, type Host, type RuleOptions } from './options.ts';
import { sieveQuote } from './quote.ts';

/** Dovecot's Sieve. */
export const sieve: Host = {
  can: {
    user: true,
    folder: true,
    layout: true,
    prefix: true,
    separator: true,
    subscribe: ['dovecot', 'none'],
    markRead: true,
    tagAbove: true,
    discardAbove: true,
    minConfidence: true,
    whitelist: true,
    onFailure: ['inbox'],
    via: true,
  },
  rule,
};

const spam = 'header :is "X-DSPAM-Result" "Spam"';

function rule(options: RuleOptions): string[] {
  const { user, markRead = false, discardAbove, via } = options;
  const tagged = taggedMail(options);
  const sure = sureSpam(options);
  const name = mailboxName(options);
  const judgedBefore = via === 'lmtp';
  const variables = user === undefined && !judgedBefore;
  const extensions = [
    ...(judgedBefore ? [] : ['vnd.dovecot.filter']),
    'fileinto',
    'mailbox',
    ...(markRead || tagged !== undefined ? ['imap4flags'] : []),
    ...(variables ? ['variables'] : []),
    ...(judgedBefore ? [] : ['ihave']),
  ];
  return [
    '#',
    ...(judgedBefore ? judgedHints : settings(options)),
    ...(options.subscribe === 'dovecot'
      ? ['# Dovecot subscribes by:', `#     namespace inbox { mailbox ${sieveQuote(name)} { auto = subscribe } }`]
      : []),
    `require [${extensions.map((one) => sieveQuote(one)).join(', ')}];`,
    '',
    ...(variables ? mailboxUser(options) : []),
    // spamc gives what it does not take to its server back as it came, and that counts as judged.
    ...(via === 'spamc' ? ['if ihave "editheader" {', ...withoutForged, '}'] : []),
    judgedBefore ? 'if exists "X-DSPAM-Result" {' : filtering(options),
    ...(discardAbove === undefined
      ? []
      : [`    if allof(${sure}, ${atLeastIn('X-DSPAM-Probability', discardAbove)}) {`, '        discard;', '        stop;', '    }']),
    ...(tagged === undefined ? [] : [`    if ${tagged} {`, '        addflag "$Junk";', '    }']),
    `    if ${sure} {`,
    ...(markRead ? ['        addflag "\\\\Seen";'] : []),
    `        fileinto :create ${sieveQuote(name, variables)};`,
    '        stop;',
    '    }',
    ...(judgedBefore
      ? ['}']
      : via === 'spamc'
        ? ['}']
        : ['} elsif ihave "editheader" {', ...withoutForged, '}']),
  ];
}

/** What the sender of a message that was not judged may have written. */
const ours: readonly string[] = ['Result', 'Processed', 'Confidence', 'Improbability', 'Probability', 'Signature', 'Factors'].map(
  (name) => `X-DSPAM-${name}`,
);
const withoutForged: readonly string[] = ours.map((name) => `    deleteheader ${sieveQuote(name)};`);

const judgedHints: readonly string[] = [
  '# Puts into its folder what was judged to be spam before it came here; a message that was not judged stays in the inbox. It may be',
  "# a user's own script, and needs nothing of Dovecot's own.",
];

function settings({ user, via, program: [path = ''] }: RuleOptions): string[] {
  return [
    "# Judges a message and puts spam into its folder; everything else goes on to the user's own script and the inbox. If the filter",
    '# fails, the message goes there as it came. Compile it with sievec. Settings of Dovecot that it needs:',
    '#',
    '#     protocol lda { mail_plugins = $mail_plugins sieve }      and the same for protocol lmtp',
    ...(via === 'spamc' ? [] : ['#     service lmtp { vsz_limit = 0 }      else Node has too few addresses, and is killed']),
    '#     plugin {',
    '#       sieve_plugins = sieve_extprograms',
    `#       sieve_global_extensions = +vnd.dovecot.filter${user === undefined ? ' +vnd.dovecot.environment' : ''} +editheader`,
    '#       sieve_before = /path/of/this/script',
    `#       sieve_filter_bin_dir = ${dirname(path)}`,
    '#       sieve_filter_input_eol = lf',
    '#     }',
  ];
}

/** Sets `user` to the option that names the user; where nobody can be named, to one that is there already. */
function mailboxUser(options: RuleOptions): string[] {
  return [
    '# The user of the mailbox. Where Dovecot does not tell, the program has to take USER from its environment, as tamis-filter does.',
    'set "dollar" "$";',
    `set "user" ${options.via === 'spamc' ? '"-x"' : '"--deliver=stdout"'};`,
    'if ihave ["environment", "vnd.dovecot.environment"] {',
    '    if environment :matches "vnd.dovecot.username" "*" {',
    `        set "user" "${userFlag(options)}\${1}";`,
    '    }',
    '}',
    '',
  ];
}

function filtering(options: RuleOptions): string {
  const { user, program } = options;
  const [path = '', ...first] = program;
  const name = programName(path);
  const words = filterWords({ ...options, program: first }).map((word) => sieveQuote(word, user === undefined));
  const who = user === undefined ? '"${user}"' : sieveQuote(userFlag(options) + user);
  return `if filter ${name} [${[...words, who].join(', ')}] {`;
}

/**
 * The name of a program as Sieve takes it: a string without variables.
 *
 * @throws TamisError USAGE if it seems to hold one.
 */
export function programName(path: string): string {
  const name = basename(path);
  if (name.includes('${')) throw usage('Sieve takes no "${" in the name of a program');
  return sieveQuote(name);
}

/** The test for spam that is filed. */
function sureSpam(options: RuleOptions): string {
  const { minConfidence } = options;
  const tests = [
    ...strangers(options),
    spam,
    ...(minConfidence === undefined ? [] : [atLeastIn('X-DSPAM-Confidence', minConfidence)]),
  ];
  return tests.length === 1 ? spam : `allof(${tests.join(', ')})`;
}

/** The tests for mail of senders who are not on the whitelist: each of them must hold. A From of several addresses is a stranger's. */
function strangers({ whitelist = [] }: RuleOptions): string[] {
  const [domains, addresses] = [true, false].map((one) => whitelist.filter((sender) => sender.startsWith('@') === one));
  const test = (part: string, list: readonly string[] = []): string[] =>
    list.length === 0 ? [] : [`address :${part} :is "from" [${list.map((one) => sieveQuote(one)).join(', ')}]`];
  const trusted = [...test('all', addresses), ...test('domain', domains?.map((one) => one.slice(1)))];
  return trusted.length === 0 ? [] : [`not allof(not header :contains "from" ",", anyof(${trusted.join(', ')}))`];
}

/** The test for mail that gets the keyword; undefined if none does. */
function taggedMail(options: RuleOptions): string | undefined {
  const { tagAbove, minConfidence } = options;
  const tests = [
    ...(tagAbove === undefined
      ? []
      : [`allof(not header :is "X-DSPAM-Result" "Whitelisted", ${atLeastIn('X-DSPAM-Probability', tagAbove)})`]),
    ...(minConfidence === undefined ? [] : [`allof(${spam}, not ${atLeastIn('X-DSPAM-Confidence', minConfidence)})`]),
  ];
  if (tests.length === 0) return undefined;
  const some = `anyof(${tests.join(', ')})`;
  const others = strangers(options);
  return others.length === 0 ? some : `allof(${[...others, some].join(', ')})`;
}

function atLeastIn(line: FigureLine, limit: number): string {
  return `header :matches "${line}" [${atLeast(limit)
    .map((one) => sieveQuote(`${one}*`))
    .join(', ')}]`;
}
