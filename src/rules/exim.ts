/**
 * Rules for Exim 4: a router and a transport that judge mail and give it back to Exim, for whoever files it.
 *
 * Exim refuses a command in which an address stands, so sender and recipient are taken from the environment of the transport.
 * It bounces mail for every exit status but those of temp_errors.
 */
import { filterCommand, guard } from './guard.ts';
import { usage, type Host, type RuleOptions } from './options.ts';
import { shellQuote } from './quote.ts';

/** Exim. */
export const exim: Host = {
  can: { user: true, onFailure: true, via: ['tamis', 'tamisc', 'spamc'] },
  rule,
};

function rule(options: RuleOptions): string[] {
  const { user, onFailure = 'inbox' } = options;
  const script = guard({
    command: filterCommand(options, user === undefined ? '"$LOCAL_PART@$DOMAIN"' : shellQuote(user)),
    onFailure,
    deliverer: '/usr/sbin/exim4 -oMr tamis -i -f "$SENDER" -- "$RECIPIENT"',
  });
  return [
    '#',
    '# A router and a transport that judge mail and give it back to Exim. In the main part: trusted_users = tamis, a user of its own.',
    '# Among the routers, before those that deliver (mail that has come back is known by its received_protocol, which no',
    '# sender can forge, not by its header):',
    '#',
    '#     tamis_router:',
    '#       driver = accept',
    '#       condition = ${if !eq{$received_protocol}{tamis}}',
    '#       domains = +local_domains',
    '#       transport = tamis_pipe',
    '#       no_verify',
    '#',
    '# Among the transports:',
    'tamis_pipe:',
    '  driver = pipe',
    `  command = /bin/sh -c ${eximQuote(script)}`,
    '  user = tamis',
    '  batch_max = 1',
    '  use_crlf = false',
    '  message_prefix =',
    '  message_suffix =',
    '  return_fail_output = false',
    '  temp_errors = *',
    '  log_output',
  ];
}

/** For a word of a pipe's command: between double quotes backslashes escape, between \\N and \\N nothing is expanded. */
function eximQuote(word: string): string {
  if (word.includes('\\N')) throw usage('Exim cannot carry \\N in the path or the user');
  return `"${`\\N${word}\\N`.replace(/["\\]/g, '\\$&')}"`;
}
