/** Rules for mail hosts: each host by its name, and the text of its rule. */
import { block } from './block.ts';
import { dovecot } from './dovecot.ts';
import { exim } from './exim.ts';
import { imapsieve } from './imapsieve.ts';
import { maildrop } from './maildrop.ts';
import { checkOptions, usage, type Host, type RuleOptions } from './options.ts';
import { postfix } from './postfix.ts';
import { procmail } from './procmail.ts';
import { qmail } from './qmail.ts';
import { sieve } from './sieve.ts';

/** The hosts. */
export const hosts: Readonly<Record<string, Host>> = { maildrop, sieve, imapsieve, procmail, qmail, postfix, exim, dovecot };

/**
 * The rule of a host, between its marks.
 *
 * @throws TamisError USAGE if the host cannot do what is asked.
 */
export function ruleText(name: string, options: RuleOptions): string {
  const host = Object.hasOwn(hosts, name) ? hosts[name] : undefined;
  if (host === undefined) throw usage(`there is no host ${JSON.stringify(name)}`);
  checkOptions(name, host, options);
  return block(name, host.rule(options));
}
