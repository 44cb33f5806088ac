/**
 * The program that rules for Sieve run: the guard around tamis, because Sieve itself cannot tell that a filter printed nothing.
 * It lies in rules/ of the package and finds tamis from there. Dovecot sets USER, and stops a program after 10 seconds.
 */
import { guardLines } from './guard.ts';

/** The text of rules/tamis-filter. */
export const tamisFilter: string = [
  '#!/bin/sh',
  "# What rules for Dovecot's Sieve run: tamis, so that nothing it does wrong can lose or cut a message. Made by tamis.",
  'TAMIS=$(dirname "$(readlink -f "$0")")/../dist/tamis.js',
  ...guardLines({ command: '"$TAMIS" --user="$USER" "$@"', onFailure: 'inbox', seconds: 8 }),
  '',
].join('\n');
