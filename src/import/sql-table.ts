/**
 * DSPAM's tables, row by row, as facts: the schemas of its MySQL, PostgreSQL and SQLite drivers, with their variants.
 *
 * A table is known by its name and the names of its columns, in any order. Tokens are unsigned, signed or text (fact.ts). A user is a number (`uid`); SQLite's tables have none,
 * because each file is of one user.
 */
import {
  broken,
  controlToken,
  readCount,
  readDay,
  readToken,
  totalNames,
  type Fact,
  type Owner,
} from './fact.ts';

/** A value of a row: one character a byte; null is NULL. */
export type Value = string | null;

/** A row's fact; undefined if it tells nothing. @param place Where the row stands, for the error. */
export type RowReader = (row: readonly Value[], place: () => string) => Fact | undefined;

/** Reads a field of the row at hand. */
type Get = (column: string) => string;

/** A table: the columns that it must have, and the fact of a row. `wrong` makes the error of a column that says what cannot be. */
interface Table {
  readonly needs: readonly string[];
  /** The columns of dumps that do not name them, told by their number. */
  readonly usual: readonly (readonly string[])[];
  readonly fact: (get: Get, owner: Owner, wrong: (column: string) => Error) => Fact | undefined;
}

/** DSPAM's number for the preferences of the site. */
const siteUid = '0';

const tables: Readonly<Record<string, Table>> = {
  dspam_token_data: {
    needs: ['token', 'spam_hits', 'innocent_hits'],
    usual: [
      ['uid', 'token', 'spam_hits', 'innocent_hits', 'last_hit'],
      ['token', 'spam_hits', 'innocent_hits', 'last_hit'],
    ],
    fact: (get, owner, wrong) => {
      const token = readToken(get('token')) ?? raise(wrong('token'));
      if (token === controlToken) return undefined;
      const spam = readCount(get('spam_hits')) ?? raise(wrong('spam_hits'));
      const innocent = readCount(get('innocent_hits')) ?? raise(wrong('innocent_hits'));
      const day = dayOf(get('last_hit')) ?? raise(wrong('last_hit'));
      return { kind: 'token', owner, token, spam, innocent, day };
    },
  },
  dspam_stats: {
    needs: totalNames,
    usual: [['uid', ...totalNames]],
    fact: (get, owner, wrong) => {
      const totals = totalNames.map((name) => readCount(get(name) || '0') ?? raise(wrong(name)));
      return { kind: 'totals', owner, totals };
    },
  },
  dspam_signature_data: {
    needs: ['signature', 'data'],
    usual: [
      ['uid', 'signature', 'data', 'length', 'created_on'],
      ['signature', 'data', 'created_on'],
    ],
    fact: (get, owner, wrong) => {
      const [data, length] = [get('data'), get('length')];
      if (length !== '' && Number(length) !== data.length) throw wrong('data');
      const day = dayOf(get('created_on')) ?? raise(wrong('created_on'));
      return {
        kind: 'signature',
        owner,
        id: get('signature').trim(),
        data: Buffer.from(data, 'latin1'),
        day,
      };
    },
  },
  dspam_preferences: {
    needs: ['preference', 'value'],
    usual: [['uid', 'preference', 'value']],
    fact: (get, owner, wrong) => ({
      kind: 'preference',
      owner: get('uid') === siteUid ? 'site' : owner,
      name: get('preference'),
      value: decoded(get('value')) ?? raise(wrong('value')),
    }),
  },
  dspam_virtual_uids: {
    needs: ['uid', 'username'],
    usual: [['uid', 'username']],
    fact: (get, _owner, wrong) => ({
      kind: 'name',
      uid: Number(get('uid')),
      name: decoded(get('username')) ?? raise(wrong('username')),
    }),
  },
};

/** Whether DSPAM has a table of this name. */
export function isTable(name: string): boolean {
  return Object.hasOwn(tables, name);
}

/** The tables that hold what can be imported, the names of users first. */
export const tableNames: readonly string[] = Object.keys(tables).toReversed();

/**
 * The reader of a table's rows.
 *
 * @param columns Their names; or only how many there are.
 * @param owner Whose the rows are, where no column tells.
 * @throws TamisError INPUT for columns that are no table of DSPAM.
 */
export function rowReader(
  file: string,
  name: string,
  columns: readonly string[] | number,
  owner: Owner,
  place: string | undefined,
): RowReader {
  const table = tables[name];
  const found = typeof columns === 'number' ? table?.usual.find((one) => one.length === columns) : columns;
  if (table === undefined || found === undefined || !table.needs.every((column) => found.includes(column))) {
    const has = typeof columns === 'number' ? `${columns} columns` : `the columns ${columns.join(', ')}`;
    const sentence = `The table ${name} has ${has}, which is no schema of DSPAM that is known; it needs ${table?.needs.join(', ') ?? ''}.`;
    throw broken(file, place, sentence);
  }
  const at = new Map(found.map((column, index) => [column, index]));
  let row: readonly Value[] = [];
  const get: Get = (column) => row[at.get(column) ?? -1] ?? '';
  const hasUid = at.has('uid');
  return (values, where) => {
    if (values.length !== found.length) {
      throw broken(
        file,
        where(),
        `The row of ${name} has ${values.length} values instead of ${found.length}.`,
      );
    }
    row = values;
    const wrong = (column: string): Error => {
      const hint =
        column === 'data'
          ? 'is not as long as its length says: the dump was made or saved in another charset; dump it again with --hex-blob'
          : `says ${JSON.stringify(get(column).slice(0, 40))}, which cannot be`;
      return broken(file, where(), `The column ${column} of ${name} ${hint}.`);
    };
    const uid = hasUid ? get('uid') : '';
    if (hasUid && !/^\d{1,10}$/.test(uid)) throw wrong('uid');
    return table.fact(get, hasUid ? { uid: Number(uid) } : owner, wrong);
  };
}

/** A date that may be missing, or be the call that `dspam_dump -d sqlite_drv` prints. */
function dayOf(text: string): number | undefined {
  return text === '' || /^date\(/i.test(text) ? 0 : readDay(text);
}

/** Text of UTF-8; undefined if it is none, or was none before a driver replaced what it could not read. */
function decoded(bytes: string): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(bytes, 'latin1'));
    return text.includes('\ufffd') ? undefined : text;
  } catch {
    return undefined;
  }
}

function raise(error: Error): never {
  throw error;
}
