/** The folder for spam on disk: its path in a Maildir, and the shell that makes it and subscribes its owner to it. */
import { modifiedUtf7 } from '../maildir/utf7.ts';
import { shellPath } from './guard.ts';
import { folderLevels, type RuleOptions } from './options.ts';
import { shellQuote } from './quote.ts';

/** The folder's path inside the Maildir: `.Mail.Spam` with Maildir++, `Mail/Spam` with fs. */
export function folderPath(options: RuleOptions): string {
  const levels = folderLevels(options).map(modifiedUtf7);
  return options.layout === 'fs' ? levels.join('/') : `.${levels.join('.')}`;
}

/**
 * One line of POSIX shell that makes the folder in the Maildir that $TAMIS_MAILDIR names, if it is not there, and then subscribes
 * to it (once: who has unsubscribed is left alone). Its status is 0 if the folder is there at the end.
 */
export function makeFolder(options: RuleOptions): string {
  const marker = options.layout === 'fs' ? '' : ' && : >"$D/maildirfolder"';
  const subscribing = subscription(options);
  return [
    shellPath,
    `D="$TAMIS_MAILDIR"/${shellQuote(folderPath(options))}`,
    `test -d "$D/new" || { umask 077; mkdir -p "$D/tmp" "$D/cur" "$D/new"${marker} && { ${subscribing}; }; }`,
    'test -d "$D/new"',
  ].join('; ');
}

/** Dovecot's file (version 2: levels parted by tabs) and Courier's hold names as they are on disk. */
function subscription(options: RuleOptions): string {
  const levels = folderLevels(options).map(modifiedUtf7);
  const add = (file: string, name: string, first: string): string =>
    `F="$TAMIS_MAILDIR/${file}"; ${first}grep -qxF -e ${name} "$F" 2>/dev/null || printf "%s\\n" ${name} >>"$F"`;
  switch (options.subscribe ?? 'none') {
    case 'none':
      return ':';
    case 'courier':
      return add('courierimapsubscribed', shellQuote(['INBOX', ...levels].join('.')), '');
    case 'dovecot':
      return add(
        'subscriptions',
        `"$(printf ${shellQuote(levels.map(() => '%s').join('\\t'))} ${levels.map(shellQuote).join(' ')})"`,
        'test -s "$F" || printf "V\\t2\\n\\n" >"$F"; ',
      );
  }
}
