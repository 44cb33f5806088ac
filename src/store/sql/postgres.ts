/** PostgreSQL by pg. */
import { PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { locationsOf } from './location.ts';
import { nothing } from './schema.ts';
import { connectPatience, least, most, statementPatience, type SqlServer } from './server.ts';

/** Connections of a process, or of a thread of the daemon. */
const connections = 4;

/** @param location `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with the options of libpq as `?NAME=VALUE`. */
export function postgres(location: string, label: string): SqlServer {
  const { writer, reader } = locationsOf(location, label);
  return {
    label,
    words: {
      serial: sql`integer generated always as identity primary key`,
      keyBytes: sql`bytea`,
      bytes: sql`bytea`,
      folder: sql`varchar(255) collate "C"`,
      text: sql`text`,
      tableEnd: () => nothing,
    },
    connect: () => dialect(writer),
    connectReader: reader === undefined ? undefined : () => dialect(reader),
    begin: (durable) => [
      `begin isolation level read committed${durable ? '' : '; set local synchronous_commit = off'}`,
    ],
    lock: sql`for no key update`,
    isOneOf: (keys) => sql`k = any(${`{${keys.join()}}`}::bigint[])`,
    add: (table, user, { keys, a, b, days }) => {
      const dated = days !== undefined;
      const sum = (column: 'a' | 'b') =>
        sql`${sql.ref(column)} = greatest(${sql.lit(least)}, least(${sql.lit(most)}, t.${sql.ref(column)}::bigint + ${sql.ref(`excluded.${column}`)}))`;
      return sql`insert into ${sql.table(table)} as t (user_id, k, a, b${dated ? sql`, day` : nothing})
        select ${user}::integer, * from unnest(${`{${keys.join()}}`}::bigint[], ${`{${a.join()}}`}::integer[], ${`{${b.join()}}`}::integer[]${dated ? sql`, ${`{${days.join()}}`}::integer[]` : nothing})
        on conflict (user_id, k) do update set ${sum('a')}, ${sum('b')}${dated ? sql`, day = greatest(t.day, excluded.day)` : nothing}`;
    },
    asText: (column) => sql<string>`${sql.ref(column)}::text`,
    insertNew: { begin: sql`insert`, end: sql`on conflict do nothing` },
    columnType: (table, column) =>
      sql`select lower(data_type::text) as type from information_schema.columns
        where table_schema = any(current_schemas(false)) and table_name = ${table} and column_name = ${column}`,
    rowBytes: 88,
    inspect: async (run) => {
      const [row] = await run(sql<{ fsync: string }>`select current_setting('fsync') as fsync`);
      return row?.fsync === 'off'
        ? ['PostgreSQL runs with fsync = off: what is learned may be lost when its machine fails.']
        : [];
    },
  };
}

function dialect(connectionString: string): PostgresDialect {
  const pool = new pg.Pool({
    connectionString,
    max: connections,
    connectionTimeoutMillis: connectPatience,
    query_timeout: statementPatience,
    application_name: 'tamis',
  });
  // A connection that ends while nobody uses it is replaced when it is needed.
  pool.on('error', () => undefined);
  // One that ends while it is used fails what was asked, too; without a listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new PostgresDialect({ pool });
}
