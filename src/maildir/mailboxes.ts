/**
 * The Maildirs of a site, by a template: `/home/vpopmail/domains/%d/%n/Maildir`, `/home/%u/Maildir`.
 *
 * `%u` is a whole user name, `%n` what stands before its `@`, `%d` what stands behind. A name is one folder of the path, never
 * more; where it is looked for, folders with a dot before their names are none.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TamisError } from '../errors.ts';
import { isMaildir } from './layout.ts';

/** Somebody's Maildir. */
export interface Mailbox {
  readonly user: string;
  readonly maildir: string;
}

const place = /%[und]/g;

/** Whether a path stands for more than one Maildir. */
export function isTemplate(path: string): boolean {
  return path.search(place) >= 0;
}

/**
 * The Maildir of one user.
 *
 * @throws TamisError USER if the user's name cannot stand in the path.
 */
export function mailboxOf(template: string, user: string): Mailbox {
  const at = user.lastIndexOf('@');
  const values = { u: user, n: at < 0 ? user : user.slice(0, at), d: at < 0 ? '' : user.slice(at + 1) };
  const maildir = template.replace(place, (mark) => {
    const value = values[mark[1] as keyof typeof values];
    if (value !== '' && !value.startsWith('.') && !/[/\0]/.test(value)) return value;
    throw new TamisError('USER', `The name ${JSON.stringify(user)} cannot stand for ${mark} in ${template}.`);
  });
  return { user, maildir };
}

/**
 * The Maildirs that there are, by user.
 *
 * @throws TamisError USAGE if the template names nobody; INPUT if the folder before its first name cannot be listed.
 */
export function mailboxes(template: string): Mailbox[] {
  if (!/%u|%n/.test(template)) {
    throw new TamisError(
      'USAGE',
      `Wrong command line: ${template} names no user: it takes %u, or %n and %d.`,
    );
  }
  const found: Mailbox[] = [];
  const walk = (
    base: string,
    segments: readonly string[],
    values: Readonly<Record<string, string>>,
  ): void => {
    const [segment, ...rest] = segments;
    if (segment === undefined) {
      const { u, n = '', d } = values;
      const user = u ?? (d === undefined ? n : `${n}@${d}`);
      if (isMaildir(base)) found.push({ user, maildir: base });
      return;
    }
    if (!isTemplate(segment)) {
      walk(join(base, segment), rest, values);
      return;
    }
    for (const name of namesIn(base, Object.keys(values).length === 0)) {
      const more = matched(segment, name, values);
      if (more !== undefined) walk(join(base, name), rest, more);
    }
  };
  walk(template.startsWith('/') ? '/' : '.', template.split('/'), {});
  return found.sort((a, b) => (a.user < b.user ? -1 : a.user > b.user ? 1 : 0));
}

/** The folders in a folder; one below the first name may be missing, or none at all. */
function namesIn(folder: string, first: boolean): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
  } catch (cause) {
    if (!first) return [];
    throw new TamisError('INPUT', `The folder ${folder} cannot be listed; see who may read it.`, { cause });
  }
}

/** What a name stands for in a segment such as `%n` or `mail-%u`; undefined if it does not fit. */
function matched(
  segment: string,
  name: string,
  values: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const marks = segment.match(place) ?? [];
  const [mark = ''] = marks;
  const [before = '', after = ''] = segment.split(mark);
  if (marks.length > 1) {
    throw new TamisError(
      'USAGE',
      `Wrong command line: ${segment} holds more than one name; put a / between them.`,
    );
  }
  if (name.length <= before.length + after.length || !name.startsWith(before) || !name.endsWith(after))
    return undefined;
  const key = mark.slice(1);
  const value = name.slice(before.length, name.length - after.length);
  return values[key] === undefined || values[key] === value ? { ...values, [key]: value } : undefined;
}
