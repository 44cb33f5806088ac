/** MariaDB and MySQL by mysql2; tables are InnoDB, whatever the server's default. */
import { MysqlDialect, sql } from 'kysely';
import { createPool } from 'mysql2';
import { locationsOf } from './location.ts';
import { nothing } from './schema.ts';
import { connectPatience, least, most, type SqlServer } from './server.ts';

/** Connections of a process, or of a thread of the daemon. */
const connections = 4;

interface Variable {
  readonly Variable_name: string;
  readonly Value: string;
}

/** @param location `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, with the options of mysql2 as `?NAME=VALUE` (`socketPath`). */
export function mysql(location: string, label: string): SqlServer {
  const { writer, reader } = locationsOf(location, label);
  return {
    label,
    words: {
      serial: sql`integer auto_increment primary key`,
      keyBytes: sql`varbinary(64)`,
      bytes: sql`blob`,
      folder: sql`varchar(255) character set ascii collate ascii_bin`,
      text: sql`mediumtext character set ascii collate ascii_bin`,
      tableEnd: () => sql`engine = InnoDB default character set utf8mb4`,
    },
    connect: () => dialect(writer),
    connectReader: reader === undefined ? undefined : () => dialect(reader),
    begin: () => ['set transaction isolation level read committed', 'begin'],
    lock: sql`for update`,
    isOneOf: (keys) => sql`k in (${sql.raw(keys.length === 0 ? 'null' : keys.join())})`,
    add: (table, user, { keys, a, b, days }) => {
      const rows = keys.map(
        (key, at) => `(${[user, key, a[at] ?? 0, b[at] ?? 0, ...(days?.slice(at, at + 1) ?? [])].join()})`,
      );
      const day = days === undefined ? nothing : sql`, day = greatest(day, values(day))`;
      const sum = (column: 'a' | 'b') =>
        sql`${sql.ref(column)} = greatest(${sql.lit(least)}, least(${sql.lit(most)}, ${sql.ref(column)} + values(${sql.ref(column)})))`;
      return sql`insert into ${sql.table(table)} (user_id, k, a, b${days === undefined ? nothing : sql`, day`}) values ${sql.raw(rows.join())}
        on duplicate key update ${sum('a')}, ${sum('b')}${day}`;
    },
    asText: (column) => sql<string>`cast(${sql.ref(column)} as char)`,
    insertNew: { begin: sql`insert ignore`, end: nothing },
    columnType: (table, column) =>
      sql`select lower(column_type) as type from information_schema.columns
        where table_schema = database() and table_name = ${table} and column_name = ${column}`,
    rowBytes: 56,
    engines: async (run) => {
      const tables = await run(
        sql<{ name: string }>`select table_name as name from information_schema.tables
          where table_schema = database() and table_name like 'dspam\\_%' and engine <> 'InnoDB'`,
      );
      return tables.map(
        ({ name }) =>
          `The table ${name} is not InnoDB: a change is not whole when the server fails in the middle of it, and a retry may count twice.`,
      );
    },
    inspect: async (run) => {
      const tables = await run(
        sql<{ name: string; engine: string }>`select table_name as name, engine as engine
          from information_schema.tables where table_schema = database() and table_name like 'tamis\\_%'`,
      );
      const [commit] = await run(sql<Variable>`show variables like 'innodb_flush_log_at_trx_commit'`);
      return [
        ...tables
          .filter(({ engine }) => engine !== 'InnoDB')
          .map(
            ({ name, engine }) =>
              `The table ${name} is ${engine}; change it: ALTER TABLE ${name} ENGINE=InnoDB.`,
          ),
        ...(commit === undefined || commit.Value === '1'
          ? []
          : [
              `innodb_flush_log_at_trx_commit is ${commit.Value}: what is learned may be lost when the machine of the server fails; 1 is safe.`,
            ]),
      ];
    },
  };
}

function dialect(uri: string): MysqlDialect {
  return new MysqlDialect({
    pool: createPool({
      uri,
      connectionLimit: connections,
      connectTimeout: connectPatience,
      charset: 'utf8mb4',
    }),
  });
}
