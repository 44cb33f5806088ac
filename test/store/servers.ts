/**
 * Database servers for tests: Debian's, each started in a temporary folder on a socket there or on a loopback port, for one test
 * file, never the system's own. None of them keeps its data safe from a power failure, except where a test is about that.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that runs. */
export interface Running {
  /** The setting `store`. */
  readonly location: string;
  /** The folder of everything. */
  readonly folder: string;
  /** Ends it as a power failure would, and waits for that. */
  kill(): Promise<void>;
  /** Starts it again on what it left. */
  start(): Promise<void>;
  /** Ends it and removes the folder. */
  stop(): Promise<void>;
}

/** Milliseconds for a server to answer. */
const patience = 60_000;

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** An account for servers that refuse to be root: postgres, or else nobody; that of the tests if it is not root. */
function lowAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim() || 65534);
  return { uid: idOf('-u'), gid: idOf('-g') };
}

function newFolder(name: string, { uid, gid }: Account = {}): string {
  const folder = mkdtempSync(path.join(tmpdir(), `tamis-${name}-`));
  chmodSync(folder, 0o755);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

function runOnce(program: string, args: readonly string[], account: Account = {}, cwd = '/'): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    ...account,
    cwd,
    encoding: 'utf8',
    timeout: patience,
  });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? ''}${stderr}`);
  return stdout;
}

/** A server process that can be killed and started again. */
class Server implements Running {
  readonly location: string;
  readonly folder: string;
  readonly #launch: () => ChildProcess;
  readonly #answers: () => boolean | Promise<boolean>;
  #process: ChildProcess | undefined;

  constructor(
    location: string,
    folder: string,
    launch: () => ChildProcess,
    answers: () => boolean | Promise<boolean>,
  ) {
    this.location = location;
    this.folder = folder;
    this.#launch = launch;
    this.#answers = answers;
  }

  async start(): Promise<void> {
    const child = this.#launch();
    this.#process = child;
    const end = performance.now() + patience;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > end)
        throw new Error(`The server of ${this.location} did not start.`);
      await sleep(50);
    }
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts PostgreSQL on a socket. @param programs The paths of initdb, postgres and psql. */
export async function startPostgres([initdb, postgres, psql]: readonly string[]): Promise<Running> {
  const account = lowAccount();
  const folder = newFolder('postgres', account);
  const data = path.join(folder, 'data');
  runOnce(
    initdb ?? '',
    [
      '-D',
      data,
      '-U',
      'tamis',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--auth-local=trust',
      '--auth-host=scram-sha-256',
    ],
    account,
    folder,
  );
  const port = String(await freePort());
  const launch = (): ChildProcess =>
    spawn(
      postgres ?? '',
      [
        '-D',
        data,
        '-k',
        folder,
        '-p',
        port,
        '-h',
        '127.0.0.1',
        '-c',
        'shared_buffers=32MB',
        '-c',
        'fsync=off',
      ],
      { ...account, cwd: folder, stdio: 'ignore' },
    );
  const answers = (): boolean =>
    spawnSync(psql ?? '', ['-h', folder, '-p', port, '-U', 'tamis', '-d', 'postgres', '-c', 'select 1'])
      .status === 0;
  const server = new Server(
    `postgres://tamis@localhost:${port}/postgres?host=${folder}`,
    folder,
    launch,
    answers,
  );
  await server.start();
  // Over the network it takes a password.
  runOnce(psql ?? '', [
    '-h',
    folder,
    '-p',
    port,
    '-U',
    'tamis',
    '-d',
    'postgres',
    '-c',
    "alter role tamis password 'right'",
  ]);
  return server;
}

/** Starts MariaDB on a socket, with an empty database `tamis`. */
export async function startMariadb(): Promise<Running> {
  const folder = newFolder('mariadb');
  const data = path.join(folder, 'data');
  const socket = path.join(folder, 'socket');
  mkdirSync(data);
  const me = process.getuid?.() === 0 ? ['--user=root'] : [];
  runOnce('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    ...me,
  ]);
  const launch = (): ChildProcess =>
    spawn(
      'mariadbd',
      [
        '--no-defaults',
        `--datadir=${data}`,
        `--socket=${socket}`,
        '--skip-networking',
        `--pid-file=${path.join(folder, 'pid')}`,
        '--innodb-buffer-pool-size=32M',
        '--innodb-flush-log-at-trx-commit=2',
        ...me,
      ],
      { cwd: folder, stdio: 'ignore' },
    );
  const say = (words: string): boolean =>
    spawnSync('mariadb', ['--no-defaults', `--socket=${socket}`, '--user=root', '-e', words]).status === 0;
  const server = new Server(`mysql://root@localhost/tamis?socketPath=${socket}`, folder, launch, () =>
    say('create database if not exists tamis'),
  );
  await server.start();
  return server;
}

function redisServer(folder: string, port: number, more: readonly string[]): Server {
  const launch = (): ChildProcess =>
    spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...more],
      {
        cwd: folder,
        stdio: 'ignore',
      },
    );
  return new Server(`redis://127.0.0.1:${port}`, folder, launch, () => redisSays(port, 'ping') === 'PONG');
}

/** What a Redis on a port of the loopback answers. */
export function redisSays(port: number, ...words: readonly string[]): string {
  const { stdout } = spawnSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' });
  return stdout.trim();
}

/** Starts one Redis. @param more Options. */
export async function startRedis(...more: readonly string[]): Promise<Running> {
  const server = redisServer(newFolder('redis'), await freePort(), more);
  await server.start();
  return server;
}

/** A cluster: three masters, then a replica of each. */
export interface Cluster extends Running {
  readonly nodes: readonly Running[];
  /** Those of the nodes. */
  readonly ports: readonly number[];
}

/** Starts a Redis Cluster. @param more Options of each node. */
export async function startRedisCluster(...more: readonly string[]): Promise<Cluster> {
  const folder = newFolder('cluster');
  const ports: number[] = [];
  while (ports.length < 6) {
    const port = await freePort();
    // A node also listens 10,000 above its port.
    if (port < 50_000 && !ports.includes(port)) ports.push(port);
  }
  const nodes = ports.map((port) => {
    const own = path.join(folder, String(port));
    mkdirSync(own);
    return redisServer(own, port, [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '2000',
      '--appendonly',
      'yes',
      '--repl-diskless-sync-delay',
      '0',
      ...more,
    ]);
  });
  const each = async (work: (node: Server) => Promise<void>): Promise<void> => {
    await Promise.all(nodes.map(work));
  };
  await each((node) => node.start());
  const [first = 0, ...others] = ports;
  for (const [at, port] of ports.slice(0, 3).entries()) {
    const slots = [Math.ceil((at * 16384) / 3), Math.ceil(((at + 1) * 16384) / 3) - 1].map(String);
    redisSays(port, 'cluster', 'addslotsrange', ...slots);
  }
  for (const port of others) redisSays(port, 'cluster', 'meet', '127.0.0.1', String(first));
  const until = async (done: () => boolean): Promise<void> => {
    const end = performance.now() + patience;
    while (!done()) {
      if (performance.now() > end) throw new Error('The nodes did not become a cluster.');
      await sleep(100);
    }
  };
  await until(() =>
    ports.every((port) => redisSays(port, 'cluster', 'info').includes('cluster_known_nodes:6')),
  );
  for (const [at, port] of ports.slice(3).entries()) {
    const id = redisSays(ports[at] ?? 0, 'cluster', 'myid');
    await until(() => redisSays(port, 'cluster', 'replicate', id) === 'OK');
  }
  await until(() => ports.every((port) => redisSays(port, 'cluster', 'info').includes('cluster_state:ok')));
  await until(() =>
    ports.slice(3).every((port) => redisSays(port, 'info', 'replication').includes('master_link_status:up')),
  );
  return {
    nodes,
    ports,
    folder,
    location: `redis://${ports
      .slice(0, 3)
      .map((port) => `127.0.0.1:${port}`)
      .join()}`,
    start: () => each((node) => node.start()),
    kill: () => each((node) => node.kill()),
    stop: async () => {
      await each((node) => node.stop());
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A master and its replica, and three Sentinels that watch them. */
export interface Watched {
  readonly master: Running;
  readonly replica: Running;
  /** The hosts of the Sentinels, as the setting `store` takes them. */
  readonly sentinels: string;
  stop(): Promise<void>;
}

/** What the Sentinels call the master. */
export const watchedName = 'tamis';

/** Starts Redis with Sentinels. */
export async function startWatchedRedis(): Promise<Watched> {
  const fast = ['--repl-diskless-sync-delay', '0', '--appendonly', 'yes'];
  const master = await startRedis(...fast);
  const port = new URL(master.location).port;
  const replica = await startRedis(...fast, '--replicaof', '127.0.0.1', port);
  const end = performance.now() + patience;
  while (!redisSays(Number(port), 'info', 'replication').includes('state=online')) {
    if (performance.now() > end) throw new Error('The replica did not follow its master.');
    await sleep(50);
  }
  const sentinels: Server[] = [];
  for (let count = 0; count < 3; count++) {
    const own = await freePort();
    const folder = newFolder('sentinel');
    const file = path.join(folder, 'sentinel.conf');
    writeFileSync(
      file,
      `port ${own}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor ${watchedName} 127.0.0.1 ${port} 2\n` +
        `sentinel down-after-milliseconds ${watchedName} 1000\nsentinel failover-timeout ${watchedName} 5000\n`,
    );
    const launch = (): ChildProcess =>
      spawn('redis-server', [file, '--sentinel'], { cwd: folder, stdio: 'ignore' });
    const server = new Server(
      `redis://127.0.0.1:${own}`,
      folder,
      launch,
      () => redisSays(own, 'ping') === 'PONG',
    );
    await server.start();
    sentinels.push(server);
  }
  const hosts = sentinels.map(({ location }) => new URL(location).host);
  while (
    !hosts.every((host) => {
      const told = redisSays(Number(host.split(':')[1]), 'sentinel', 'master', watchedName).split('\n');
      const figure = (name: string): string | undefined => told[told.indexOf(name) + 1];
      return figure('num-other-sentinels') === '2' && figure('num-slaves') === '1';
    })
  ) {
    if (performance.now() > end) throw new Error('The Sentinels did not find each other.');
    await sleep(100);
  }
  return {
    master,
    replica,
    sentinels: hosts.join(),
    stop: async () => {
      for (const server of [...sentinels, master, replica]) await server.stop();
    },
  };
}
