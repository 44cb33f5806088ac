/**
 * Rules for Exim 4: a router and a transport that judge mail and give it back to Exim, for whoever files it.
 *
 * Exim refuses a command in which an address stands, so sender and recipient are taken from the environment of the transport.
 * It bounces mail for every exit status but those of temp_errors.
 */
import { usualSockets } from '../config/sockets.ts';
import { filterCommand, guard } from './guard.ts';
import { checkLmtp } from './lmtp.ts';
import { usage, type Host, type RuleOptions } from './options.ts';
import { shellQuote } from './quote.ts';

/** Exim. */
export const exim: Host = {
  can: { user: true, onFailure: true, via: ['tamis', 'tamisc', 'spamc', 'lmtp'] },
  rule,
};

function rule(options: RuleOptions): string[] {
  const { user, onFailure = 'inbox', via } = options;
  if (via === 'lmtp') return lmtpRule(options);
  const script = guard({
    command: filterCommand(options, user === undefined ? '"$LOCAL_PART@$DOMAIN"' : shellQuote(user)),
    onFailure,
    // The shell's name is Exim's own path, which is another on every system.
    deliverer: `"$0" -oMr tamis -i -f "$SENDER" -- ${recipient}`,
  });
  return [
    '#',
    '# A router and a transport that judge mail and give it back to Exim. In the main part: trusted_users = tamis, a user of its own.',
    '# Among the routers, before those that deliver (mail that has come back is known by its received_protocol, which no',
    '# sender can forge, not by its header):',
    ...router('tamis_pipe'),
    'tamis_pipe:',
    '  driver = pipe',
    `  command = /bin/sh -c ${eximQuote(script)} $exim_path`,
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

/**
 * The recipient as Exim reads its command line, where commas part addresses and brackets hold comments: RECIPIENT itself has no quotes
 * around a local part that needs them, and could be read as other people's addresses.
 */
const recipient = `"\\"$(printf %s "$LOCAL_PART" | sed ${shellQuote('s/["\\]/\\\\&/g')})\\"@$DOMAIN"`;

/** For mail that the daemon hands on: Exim keeps what it cannot give to it. */
function lmtpRule(options: RuleOptions): string[] {
  checkLmtp('Exim', options);
  return [
    '#',
    `# A router and a transport for the daemon of: tamis serve --lmtp ${usualSockets.lmtp}, which hands the mail on. While it does not run, mail`,
    '# is tried again later. Among the routers, before those that deliver (they get what the daemon gives back, if it does, by',
    '# lmtpNext = "exec:/usr/sbin/exim4 -oMr tamis -i -f %s -- %r"; in the main part then: trusted_users = tamis):',
    ...router('tamis_lmtp'),
    'tamis_lmtp:',
    '  driver = lmtp',
    `  socket = ${usualSockets.lmtp}`,
    '  timeout = 5m',
  ];
}

function router(transport: string): string[] {
  return [
    '#',
    '#     tamis_router:',
    '#       driver = accept',
    '#       condition = ${if !eq{$received_protocol}{tamis}}',
    '#       domains = +local_domains',
    `#       transport = ${transport}`,
    '#       no_verify',
    '#',
    '# Among the transports:',
  ];
}

/** For a word of a pipe's command: between double quotes backslashes escape, between \\N and \\N nothing is expanded. */
function eximQuote(word: string): string {
  if (word.includes('\\N')) throw usage('Exim cannot carry \\N in the path or the user');
  return `"${`\\N${word}\\N`.replace(/["\\]/g, '\\$&')}"`;
}
