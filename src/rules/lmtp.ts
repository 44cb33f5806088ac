/** What rules have in common that hand mail to the daemon over LMTP: it judges, and hands the mail on itself. */
import { usage, type RuleOptions } from './options.ts';

/**
 * Checks that nothing is asked for which LMTP has no place for.
 *
 * @throws TamisError USAGE if there is.
 */
export function checkLmtp(host: string, { user, onFailure = 'inbox' }: RuleOptions): void {
  if (user !== undefined) throw usage('LMTP has the user from the envelope; --user cannot be told');
  if (onFailure === 'inbox')
    throw usage(`${host} defers what its LMTP client cannot hand over; ask for it by --on-failure defer`);
}
