/**
 * Rules for Postfix: a content filter in master.cf that judges mail and gives it back to Postfix, for whoever files it.
 *
 * pipe(8) bounces mail for every exit status but 75, and the guard has no other. It expands `$`, which `$$` stands for, and keeps
 * what stands between braces as one word; sender and recipient come as words of their own.
 */
import { usualSockets } from '../config/sockets.ts';
import { filterCommand, guard } from './guard.ts';
import { checkLmtp } from './lmtp.ts';
import { usage, type Host, type RuleOptions } from './options.ts';
import { shellQuote } from './quote.ts';

/** Postfix. */
export const postfix: Host = {
  can: { user: true, onFailure: true, via: ['tamis', 'tamisc', 'spamc', 'lmtp'] },
  rule,
};

function rule(options: RuleOptions): string[] {
  const { user, onFailure = 'inbox', via } = options;
  if (via === 'lmtp') {
    checkLmtp('Postfix', options);
    return [
      '#',
      `# In master.cf: a content filter without a process of its own, for the daemon of: tamis serve --lmtp ${usualSockets.lmtp},`,
      '# which hands the mail on (lmtpNext), for each recipient with a judgement of their own. While it does not run, mail is tried again',
      '# later. To use it, add to the line of smtpd that mail comes in by:',
      `#     -o content_filter=tamis:unix:${usualSockets.lmtp}`,
      'tamis     unix  -       -       n       -       10      lmtp',
    ];
  }
  const script = guard({
    command: filterCommand(options, user === undefined ? '"$2"' : shellQuote(user)),
    onFailure,
    deliverer: '/usr/sbin/sendmail -G -i -f "$1" -- "$2"',
  });
  return [
    '#',
    '# In master.cf: a content filter that gives the judged mail back by sendmail. Make a user `tamis` for it, add to the line of smtpd',
    '# that mail comes in by:      -o content_filter=tamis:dummy',
    '# and to main.cf, so that each recipient has a judgement of their own:      tamis_destination_recipient_limit = 1',
    'tamis     unix  -       n       n       -       10      pipe',
    '  flags=Rq user=tamis null_sender=',
    `  argv=/bin/sh -c { ${pipeQuote(script)} } tamis \${sender} \${recipient}`,
  ];
}

/** For a word between braces of pipe(8)'s argv: its braces have to be in pairs. */
function pipeQuote(word: string): string {
  let depth = 0;
  for (const [brace] of word.matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1;
    if (depth < 0) break;
  }
  if (depth !== 0) throw usage('Postfix cannot carry a brace without its partner in the path or the user');
  return word.replaceAll('$', '$$$$');
}
