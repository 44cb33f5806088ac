/**
 * Rules for Dovecot's IMAPSieve: what users move into the folder for spam is learned as spam, what they move out of it as innocent,
 * but never what goes to Trash. A lesson that fails is logged by Dovecot; the move succeeds.
 */
import { dirname } from 'node:path';
import { mailboxName, type Host, type RuleOptions } from './options.ts';
import { sieveQuote } from './quote.ts';
import { userFlag } from './guard.ts';
import { programName } from './sieve.ts';

/** Dovecot's IMAPSieve. */
export const imapsieve: Host = {
  can: { user: true, folder: true, layout: true, prefix: true, separator: true, onFailure: ['inbox'], via: ['tamis', 'tamisc', 'spamc'] },
  rule,
};

/** Names that Trash has in mail programs. */
const trash = ['*Trash*', '*Deleted*', '*Papierkorb*', '*Corbeille*'];

function rule(options: RuleOptions): string[] {
  const { user, program } = options;
  const name = mailboxName(options);
  const [path = ''] = program;
  const quote = (word: string): string => sieveQuote(word, true);
  const lesson = (spam: boolean): string => {
    const how =
      options.via === 'spamc' ? [`--learntype=${spam ? 'spam' : 'ham'}`] : [`--class=${spam ? 'spam' : 'innocent'}`, '--source=error'];
    const who = user === undefined ? `"${userFlag(options)}\${user}"` : quote(userFlag(options) + user);
    return `pipe :copy ${programName(path)} [${[...program.slice(1), ...how].map(quote).join(', ')}, ${who}];`;
  };
  return [
    '#',
    `# Learns what is moved into or out of the folder for spam. Compile it with sievec. Settings of Dovecot that it needs:`,
    '#',
    '#     protocol imap { mail_plugins = $mail_plugins imap_sieve }',
    ...(options.via === 'spamc' ? [] : ['#     service imap { vsz_limit = 0 }      else Node has too few addresses, and is killed']),
    '#     plugin {',
    '#       sieve_plugins = sieve_imapsieve sieve_extprograms',
    '#       sieve_global_extensions = +vnd.dovecot.pipe',
    `#       sieve_pipe_bin_dir = ${dirname(path)}`,
    '#       sieve_pipe_input_eol = lf',
    `#       imapsieve_mailbox1_name = ${name}`,
    '#       imapsieve_mailbox1_causes = COPY APPEND',
    '#       imapsieve_mailbox1_before = file:/path/of/this/script',
    '#       imapsieve_mailbox2_name = *',
    `#       imapsieve_mailbox2_from = ${name}`,
    '#       imapsieve_mailbox2_causes = COPY',
    '#       imapsieve_mailbox2_before = file:/path/of/this/script',
    '#     }',
    'require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];',
    '',
    'set "dollar" "$";',
    'if environment :matches "imap.user" "*" {',
    '    set "user" "${1}";',
    '}',
    'if environment :matches "imap.mailbox" "*" {',
    '    set "mailbox" "${1}";',
    '}',
    `if string :is "\${mailbox}" ${quote(name)} {`,
    `    ${lesson(true)}`,
    `} elsif not string :matches "\${mailbox}" [${trash.map(quote).join(', ')}] {`,
    `    ${lesson(false)}`,
    '}',
  ];
}
