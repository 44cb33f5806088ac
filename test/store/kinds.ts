/** The servers of the store, each with what tests need to know of it. */
import { startMariadb, startPostgres, startRedis, type Running } from './servers.ts';

/** How a server is started and addressed. */
export interface Kind {
  readonly name: string;
  readonly programs: readonly string[];
  start(programs: readonly string[]): Promise<Running>;
  /** The setting with another password, or for a port of the loopback where a proxy of the server listens. */
  wrongPassword(server: Running): string;
  through(server: Running, port: number): string;
  /** Where the server itself listens. */
  target(server: Running): { host: string; port: number } | { path: string };
  /** A place without the tables of tamis; undefined if it needs none. */
  readonly withoutTables?: (server: Running) => string;
}

/** The port of a setting. */
export const portOf = (location: string): number => Number(new URL(location).port);

/** The servers that are one each. */
export const kinds: readonly Kind[] = [
  {
    name: 'postgres',
    programs: ['initdb', 'postgres', 'psql'],
    start: startPostgres,
    wrongPassword: ({ location }) => `postgres://tamis:secret@127.0.0.1:${portOf(location)}/postgres`,
    through: (_, port) => `postgres://tamis:right@127.0.0.1:${port}/postgres?sslmode=disable`,
    target: ({ location }) => ({ host: '127.0.0.1', port: portOf(location) }),
    withoutTables: ({ location }) => location.replace('/postgres?', '/template1?'),
  },
  {
    name: 'mariadb',
    programs: ['mariadbd', 'mariadb-install-db', 'mariadb'],
    start: startMariadb,
    wrongPassword: ({ location }) => location.replace('root@', 'root:secret@'),
    through: (_, port) => `mysql://root@127.0.0.1:${port}/tamis`,
    target: ({ folder }) => ({ path: `${folder}/socket` }),
    withoutTables: ({ location }) => location.replace('/tamis?', '/mysql?'),
  },
  {
    name: 'redis',
    programs: ['redis-server', 'redis-cli'],
    start: () => startRedis('--appendonly', 'yes'),
    wrongPassword: ({ location }) => location.replace('://', '://joe:secret@'),
    through: (_, port) => `redis://127.0.0.1:${port}`,
    target: ({ location }) => ({ host: '127.0.0.1', port: portOf(location) }),
  },
];
