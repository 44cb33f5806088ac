/** All backends at once, for what compares them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { peer } from '../peers.ts';
import { startMariadb, startPostgres, startRedis, startRedisCluster, type Running } from './servers.ts';

/** The programs of the servers that {@link startEverything} starts. */
export const allPrograms = [
  'initdb',
  'postgres',
  'psql',
  'mariadbd',
  'mariadb-install-db',
  'mariadb',
  'redis-server',
  'redis-cli',
] as const;

/** Every backend by name, as the setting `store`, and the folder that stands for the home. */
export interface Everything {
  readonly home: string;
  readonly locations: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts a server for each backend that has one. */
export async function startEverything(): Promise<Everything> {
  const home = mkdtempSync(path.join(tmpdir(), 'tamis-stores-'));
  const [postgres, mariadb, redis, cluster] = await Promise.all([
    startPostgres(allPrograms.slice(0, 3).map((name) => peer(name) ?? name)),
    startMariadb(),
    startRedis('--appendonly', 'yes'),
    startRedisCluster(),
  ]);
  const servers: Record<string, Running> = { postgres, mariadb, redis, cluster };
  const addresses = Object.entries(servers).map(([name, { location }]) => [name, location]);
  return {
    home,
    locations: {
      level: 'level',
      sqlite: 'sqlite:tamis.db',
      ...(Object.fromEntries(addresses) as Record<string, string>),
    },
    stop: async () => {
      for (const server of Object.values(servers)) await server.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
