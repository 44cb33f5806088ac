/**
 * A word in the language of each host, so that it is only ever a word. The words hold no control characters but tabs
 * (options.ts sees to that).
 */

/** For a POSIX shell: between single quotes nothing has a meaning but the quote itself. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * For a mailfilter of maildrop: between single quotes nothing is expanded, but a backslash may escape; strings side by side are
 * one. (Between double quotes no escape keeps `$` from being expanded without leaving its backslash there.)
 */
export function maildropQuote(word: string): string {
  return `'${word.replaceAll('\\', '\\\\').replaceAll("'", `'"'"'`)}'`;
}

/** For an assignment of procmail, which reads double quotes as a shell does. */
export function procmailQuote(word: string): string {
  return `"${word.replace(/["$`\\]/g, '\\$&')}"`;
}

/**
 * For a string of Sieve (RFC 5228, 2.4.2). Where the script has variables (RFC 5229), `${` has a meaning and no escape; the
 * variable `dollar` that the script sets to `$` stands in for one.
 */
export function sieveQuote(word: string, variables = false): string {
  const text = `"${word.replace(/["\\]/g, '\\$&')}"`;
  return variables ? text.replaceAll('${', '${dollar}{') : text;
}

/** For a setting of Dovecot: between double quotes a backslash escapes; `%` begins a variable. */
export function dovecotQuote(word: string): string {
  return `"${word.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}
