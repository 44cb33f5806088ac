/**
 * A running database of DSPAM: `mysql://USER:PASSWORD@HOST:PORT/DATABASE` (or mariadb:), `postgres://…` (or postgresql:). A socket: `mysql://USER@localhost/DATABASE?socketPath=/run/mysqld/mysqld.sock`,
 * `postgres:///DATABASE?host=/run/postgresql`.
 *
 * Each reading is one transaction that sees one state; DSPAM must be stopped meanwhile all the same, or what it learns between the two readings is lost (write.ts finds that out).
 * Rows come as text, a few thousand at a time.
 */
import { describe, TamisError } from '../errors.ts';
import { broken, chunkLength, type Fact, type Facts } from './fact.ts';
import { rowReader, tableNames, type Value } from './sql-table.ts';

/** Rows of a table, as values of one character a byte. */
interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/** A connection to a database. */
interface Database {
  /** Which of some tables there are. */
  tables(names: readonly string[]): Promise<readonly string[]>;
  /** The rows of a table in the order of its first two columns, in chunks. */
  rows(table: string): AsyncIterable<Rows>;
  close(): Promise<void>;
}

const drivers: Readonly<Record<string, (url: string) => Promise<Database>>> = {
  'mysql:': openMysql,
  'mariadb:': openMysql,
  'postgres:': openPostgres,
  'postgresql:': openPostgres,
};

/** Whether a source is a database. */
export function isDatabaseUrl(source: string): boolean {
  return Object.keys(drivers).some((scheme) => source.startsWith(`${scheme}//`));
}

/** Reads the facts of a database. @throws TamisError INPUT, CONFIG where the driver is not installed. */
export async function* databaseFacts(url: string): Facts {
  const name = url.slice(0, url.indexOf(':')) + url.slice(Math.max(url.indexOf(':'), url.lastIndexOf('@')));
  let database: Database | undefined;
  try {
    database = await drivers[url.slice(0, url.indexOf(':') + 1)]?.(url);
    const tables = (await database?.tables(tableNames)) ?? [];
    if (database === undefined || tables.length === 0)
      throw broken(name, undefined, 'This database has no table of DSPAM.');
    for (const table of tableNames.filter((one) => tables.includes(one)))
      yield* tableFacts(database, name, table);
  } catch (error) {
    if (error instanceof TamisError) throw error;
    throw broken(name, undefined, `The database cannot be read: ${describe(error)}.`);
  } finally {
    await database?.close();
  }
}

async function* tableFacts(database: Database, name: string, table: string): Facts {
  let number = 0;
  for await (const { columns, rows } of database.rows(table)) {
    const read = rowReader(name, table, columns, undefined, undefined);
    const facts: Fact[] = [];
    for (const row of rows) {
      number++;
      const fact = read(row, () => `row ${number} of ${table}`);
      if (fact !== undefined) facts.push(fact);
    }
    yield facts;
  }
}

async function openMysql(url: string): Promise<Database> {
  const { createConnection } = await import('mysql2').catch((cause: unknown) => missing('mysql2', cause));
  const connection = createConnection({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    rowsAsArray: true,
    typeCast: false,
  });
  await connection.promise().query('start transaction with consistent snapshot');
  const text = (value: unknown): Value =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : null;
  return {
    tables: async (names) => {
      const sql =
        'select table_name from information_schema.tables where table_schema = database() and table_name in (?)';
      const [rows] = await connection.promise().query(sql, [names]);
      return (rows as unknown[][]).map(([table]) => text(table) ?? '');
    },
    rows: async function* (table) {
      const query = connection.query(`select * from ${table} order by 1, 2`);
      let columns: string[] = [];
      query.once('fields', (fields: { name: string }[]) => {
        columns = fields.map(({ name }) => name.toLowerCase());
      });
      let rows: Value[][] = [];
      for await (const row of query.stream({ highWaterMark: chunkLength }) as AsyncIterable<unknown[]>) {
        rows.push(row.map(text));
        if (rows.length < chunkLength) continue;
        yield { columns, rows };
        rows = [];
      }
      if (rows.length > 0) yield { columns, rows };
    },
    close: () => connection.promise().end(),
  };
}

async function openPostgres(url: string): Promise<Database> {
  const { Client } = await import('pg').catch((cause: unknown) => missing('pg', cause));
  // All types as text; node-postgres takes them for UTF-8.
  const client = new Client({
    connectionString: url,
    types: { getTypeParser: () => (value: unknown) => value },
  });
  await client.connect();
  await client.query('begin isolation level repeatable read read only');
  await client.query("set local bytea_output = 'hex'");
  const text = (value: unknown): Value => {
    if (typeof value !== 'string') return null;
    return value.startsWith('\\x')
      ? Buffer.from(value.slice(2), 'hex').toString('latin1')
      : Buffer.from(value).toString('latin1');
  };
  return {
    tables: async (names) => {
      const sql =
        'select table_name::text from information_schema.tables where table_name = any($1) and table_schema = any(current_schemas(false))';
      const { rows } = await client.query<[string]>({ text: sql, values: [names], rowMode: 'array' });
      return rows.map(([table]) => table);
    },
    rows: async function* (table) {
      await client.query(`declare facts no scroll cursor for select * from ${table} order by 1, 2`);
      for (;;) {
        const { fields, rows } = await client.query<unknown[]>({
          text: `fetch ${chunkLength} from facts`,
          rowMode: 'array',
        });
        if (rows.length === 0) break;
        yield { columns: fields.map(({ name }) => name), rows: rows.map((row) => row.map(text)) };
      }
      await client.query('close facts');
    },
    close: () => client.end(),
  };
}

function missing(name: string, cause: unknown): never {
  throw new TamisError(
    'CONFIG',
    `Reading this database needs a package that is not installed: npm install ${name}.`,
    { cause },
  );
}
