/**
 * Settings of Dovecot 2.3 for the rules of sieve and imapsieve: a file for its conf.d. The second word of the program, if there is
 * one, is what learns.
 */
import { dirname } from 'node:path';
import { mailboxName, type Host, type RuleOptions } from './options.ts';
import { dovecotQuote } from './quote.ts';

/** Dovecot's configuration. */
export const dovecot: Host = {
  can: { folder: true, layout: true, prefix: true, separator: true, subscribe: ['dovecot', 'none'], onFailure: ['inbox'], via: ['tamis', 'tamisc', 'spamc'] },
  rule,
};

/** What Dovecot lets a process have by default is not enough for the program that it runs: Node reserves addresses that it never fills. */
function room(...services: readonly string[]): string[] {
  return [
    '# Node, which tamis runs in, needs more addresses than the 256 MB that these have by default, and would be killed.',
    ...services.flatMap((service) => [`service ${service} {`, '  vsz_limit = 0', '}']),
  ];
}

const scripts = '/etc/dovecot/sieve';

function rule(options: RuleOptions): string[] {
  const { prefix = '', program, subscribe, via } = options;
  const name = mailboxName(options);
  const [filter = '', teacher = filter] = program;
  return [
    '#',
    '# Judges mail that dovecot-lda and the LMTP server deliver, and learns what users move into and out of the folder for spam. The',
    `# scripts are those of tamis rules sieve, as ${scripts}/tamis.sieve, and of tamis rules imapsieve, as`,
    `# ${scripts}/tamis-learn.sieve; compile both with sievec.`,
    'protocol lda {',
    '  mail_plugins = $mail_plugins sieve',
    '}',
    'protocol lmtp {',
    '  mail_plugins = $mail_plugins sieve',
    '}',
    'protocol imap {',
    '  mail_plugins = $mail_plugins imap_sieve',
    '}',
    ...(via === 'spamc' ? [] : room('lmtp', 'imap')),
    'namespace inbox {',
    // In a namespace of a prefix, Dovecot names its mailboxes without it.
    `  mailbox ${dovecotQuote(name.slice(prefix.length))} {`,
    '    special_use = \\Junk',
    ...(subscribe === 'dovecot' ? ['    auto = subscribe'] : []),
    '  }',
    '}',
    'plugin {',
    '  sieve_plugins = sieve_imapsieve sieve_extprograms',
    '  sieve_global_extensions = +vnd.dovecot.filter +vnd.dovecot.pipe +vnd.dovecot.environment +editheader',
    `  sieve_before = ${scripts}/tamis.sieve`,
    `  sieve_filter_bin_dir = ${dovecotQuote(dirname(filter))}`,
    `  sieve_pipe_bin_dir = ${dovecotQuote(dirname(teacher))}`,
    '  # Dovecot gives CRLF otherwise, and keeps it.',
    '  sieve_filter_input_eol = lf',
    '  sieve_pipe_input_eol = lf',
    `  imapsieve_mailbox1_name = ${dovecotQuote(name)}`,
    '  imapsieve_mailbox1_causes = COPY APPEND',
    `  imapsieve_mailbox1_before = file:${scripts}/tamis-learn.sieve`,
    '  imapsieve_mailbox2_name = *',
    `  imapsieve_mailbox2_from = ${dovecotQuote(name)}`,
    '  imapsieve_mailbox2_causes = COPY',
    `  imapsieve_mailbox2_before = file:${scripts}/tamis-learn.sieve`,
    '}',
  ];
}
