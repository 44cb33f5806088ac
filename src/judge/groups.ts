/**
 * Groups of users, from DSPAM's group file: `groupFile`, else `group` in the home.
 *
 *     NAME:shared:joe,ann@example.org,*@example.net    members share what is learned, under the group's name
 *     NAME:shared,managed:*@example.net                and one quarantine
 *     NAME:merged:*,-joe,-*@example.org                what NAME learned lies under what members learn
 *     NAME:inoculation:joe,ann                         spam that one corrects is taught the others
 *     NAME:classification:joe,ann                      a member who is unsure asks the others
 *     NAME:classification:*site                        everybody who is unsure, or new, asks the user `site`
 *
 * Members are names, `*` for everybody and `*@DOMAIN`; with `-` before it, one who is none, wherever it stands. The first shared group of a user counts, else the
 * first merged one; the user of a group's own name belongs to none. What DSPAM does not do: it goes into an endless loop where a member is
 * struck out, or in two such groups, and it heeds no group where it only classifies.
 *
 * A line of another form is passed over and told on stderr, once for each change of the file.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/load.ts';
import { systemCode, TamisError } from '../errors.ts';
import { log } from '../log.ts';

/** What groups make of a user. */
export interface Membership {
  /** Under whose name the user's data is kept: the user, or a shared group. */
  readonly owner: string;
  /** Whether the shared group has one quarantine. */
  readonly managed: boolean;
  /** The group whose data lies under the user's. */
  readonly merged: string | undefined;
  /** Who is taught what the user corrects. */
  readonly inoculated: readonly string[];
  /** Who is asked when the user is unsure. */
  readonly asked: readonly string[];
  /** Who is asked as well while the user is new. */
  readonly global: readonly string[];
}

type Kind = 'shared' | 'merged' | 'inoculation' | 'classification';

interface Group {
  readonly name: string;
  readonly kind: Kind;
  readonly managed: boolean;
  readonly members: readonly string[];
}

const kinds: readonly string[] = ['shared', 'merged', 'inoculation', 'classification'] satisfies Kind[];

/** The groups read last, by the identity of their file. */
let last: { readonly file: string; readonly groups: readonly Group[] } = { file: '', groups: [] };

/**
 * What groups make of a user.
 *
 * @param user As users.ts names it.
 * @throws TamisError CONFIG if there is a group file that cannot be read.
 */
export function membershipOf(config: Config, user: string): Membership {
  const all = groupsOf(config);
  const groups = all.some(({ name }) => name === user) ? [] : all.filter((group) => belongs(group, user));
  const shared = groups.find(({ kind }) => kind === 'shared');
  const others = (kind: Kind): string[] => {
    const names = groups.filter((group) => group.kind === kind).flatMap(({ members }) => members);
    return [...new Set(names)].filter((name) => !/^[*-]/.test(name) && name !== user);
  };
  const global = groups.flatMap(({ kind, members }) => (kind === 'classification' ? globalsIn(members) : []));
  return {
    owner: shared?.name ?? user,
    managed: shared?.managed ?? false,
    merged: shared === undefined ? groups.find(({ kind }) => kind === 'merged')?.name : undefined,
    inoculated: others('inoculation'),
    asked: others('classification'),
    global: global.filter((name) => name !== user),
  };
}

/** Whether a user's mail touches the data of others, or theirs that of the user. */
export function isInGroups(config: Config, user: string): boolean {
  return groupsOf(config).some(
    (group) => group.name === user || belongs(group, user) || globalsIn(group.members).includes(user),
  );
}

function belongs({ kind, members }: Group, user: string): boolean {
  const at = user.lastIndexOf('@');
  const forms = ['*', user, ...(at < 0 ? [] : [`*${user.slice(at)}`])];
  if (members.some((member) => member.startsWith('-') && forms.includes(member.slice(1)))) return false;
  if (members.some((member) => forms.includes(member))) return true;
  return kind === 'classification' && members.length > 0 && members.every((member) => /^\*[^@]/.test(member));
}

/** `*site` names the user `site`. */
function globalsIn(members: readonly string[]): string[] {
  return members.filter((member) => /^\*[^@]/.test(member)).map((member) => member.slice(1));
}

function groupsOf({ home, settings }: Config): readonly Group[] {
  const path = settings.groupFile ?? join(home, 'group');
  try {
    const identity = identityOf(path, settings.groupFile === undefined);
    if (identity === undefined) return [];
    const file = `${path} ${identity} ${String(settings.lowerCaseUsers)}`;
    if (last.file !== file)
      last = { file, groups: parse(readFileSync(path, 'utf8'), path, settings.lowerCaseUsers) };
    return last.groups;
  } catch (cause) {
    throw new TamisError('CONFIG', `The group file ${path} cannot be read.`, { cause });
  }
}

/** What changes with a file; undefined where there is none. `inHome`: who opens the user says what is wrong with a home. */
function identityOf(path: string, inHome: boolean): string | undefined {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    return status && `${status.ino} ${status.mtimeMs} ${status.size}`;
  } catch (error) {
    if (inHome || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function parse(text: string, path: string, lowerCase: boolean): Group[] {
  const groups: Group[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const said = line.trim();
    if (said === '' || said.startsWith('#')) continue;
    const [name = '', type = '', list] = (lowerCase ? said.toLowerCase() : said)
      .split(':')
      .map((part) => part.trim());
    const [kind = '', ...flags] = type.toLowerCase().split(',');
    const members = (list ?? '')
      .split(',')
      .map((member) => member.trim())
      .filter((member) => member !== '');
    if (name === '' || !isKind(kind) || list === undefined)
      log(`${path}:${at + 1}: this is no line of a group: NAME:TYPE:MEMBERS`);
    else groups.push({ name, kind, managed: flags.includes('managed'), members });
  }
  return groups;
}

function isKind(word: string): word is Kind {
  return kinds.includes(word);
}
