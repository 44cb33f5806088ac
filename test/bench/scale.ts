/**
 * Sites from 1 to 10,000,000 users on what a message costs here: hosts, shards of Redis, memory, messages a second, and where it breaks.
 *
 *     npx tsx test/bench/scale.ts [MESSAGES TO MEASURE WITH]          default 300
 *
 * Measured first, on this machine: what a host's processor spends on judging a message and keeping its signature (not on taking its MIME apart), what
 * Redis spends on it, its bytes a feature, a signature and a user, and its time for a purged signature; changes a second that one PostgreSQL
 * and one MariaDB take.
 *
 * Then each site is simulated: users differ (how much is learned for one and how much mail comes is lognormal, {@link spread}); their hash
 * slots are drawn, and slots are dealt to shards as Redis Cluster does, so that the busiest shard decides, not the mean. A shard may use
 * {@link shardBytes} and half of its one core, a host half of its cores, at the peak, which is {@link peak} times the mean.
 *
 * Limits: one machine measures, and client and server share it; the network between them is not in it, nor is disk.
 */
import { cpuUsage } from 'node:process';
import { checkSettings } from '../../src/config/settings.ts';
import { UserFilter } from '../../src/judge/userfilter.ts';
import { Random } from '../../src/report/random.ts';
import type { UserStore } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { peer } from '../peers.ts';
import { firstLessons, type Lesson } from '../store/history.ts';
import { redisSays, startMariadb, startPostgres, startRedis, type Running } from '../store/servers.ts';

const messages = Number(process.argv[2] ?? 300);
/** What is assumed of a site. */
const mailADay = 50;
const signatureDays = 14;
/** Features of the median user, after some hundred lessons. */
const medianFeatures = 60_000;
/** Sigma of the lognormal distributions. */
const spread = { features: 1, mail: 1.2 } as const;
const peak = 4;
const hostCores = 8;
const shardBytes = 16 * 2 ** 30;
const share = 0.5;
const slots = 16_384;
/** Nodes that Redis Cluster is made for, masters and replicas together. */
const mostNodes = 1000;

interface Costs {
  /** Seconds of a host's processor, and of the server's, for a message that is judged and whose signature is kept. */
  readonly host: number;
  readonly server: number;
  readonly featureBytes: number;
  readonly signatureBytes: number;
  readonly userBytes: number;
  /** Seconds of the server for a signature that is purged. */
  readonly purge: number;
}

const lessons = await firstLessons(messages);
const costs = await measureRedis();
const sql = {
  postgres: await changesASecond(
    await startPostgres(['initdb', 'postgres', 'psql'].map((name) => peer(name) ?? name)),
  ),
  mariadb: await changesASecond(await startMariadb()),
};
console.log(
  `host ${(costs.host * 1000).toFixed(2)} ms a message; Redis ${(costs.server * 1e6).toFixed(0)} µs a message`,
);
console.log(
  `bytes: ${costs.featureBytes.toFixed(0)} a feature, ${costs.signatureBytes.toFixed(0)} a signature, ${costs.userBytes.toFixed(0)} a user; purge ${(costs.purge * 1e6).toFixed(1)} µs a signature`,
);
console.log(
  `one server takes, changes a second: postgres ${sql.postgres.toFixed(0)}, mariadb ${sql.mariadb.toFixed(0)}`,
);

const widths = [10, 10, 7, 10, 8, 9, 9, 9];
const line = (...columns: readonly string[]): void => {
  console.log(columns.map((column, at) => column.padStart(widths[at] ?? 0)).join(''));
};
line('users', 'peak msg/s', 'hosts', 'GiB', 'shards', 'by memory', 'busiest', 'purge s/d', '  breaks');
for (let users = 1; users <= 10_000_000; users *= 10) simulate(users);

/** Deals a site's users to shards until the busiest bears it. */
function simulate(users: number): void {
  const random = new Random(users);
  const bytes = new Float64Array(slots);
  const rate = new Float64Array(slots);
  const mean = mailADay / Math.exp(spread.mail ** 2 / 2);
  let longest = 0;
  for (let user = 0; user < users; user++) {
    const slot = Math.floor(random.fraction() * slots);
    const mail = mean * Math.exp(spread.mail * gauss(random));
    const features = medianFeatures * Math.exp(spread.features * gauss(random));
    bytes[slot] =
      (bytes[slot] ?? 0) +
      costs.userBytes +
      features * costs.featureBytes +
      mail * signatureDays * costs.signatureBytes;
    rate[slot] = (rate[slot] ?? 0) + (peak * mail) / 86_400;
    longest = Math.max(longest, (peak * mail) / 86_400);
  }
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const [memory, messagesASecond] = [sum(bytes), sum(rate)];
  const fits = (shards: number): boolean =>
    busiest(bytes, shards) <= shardBytes && busiest(rate, shards) * costs.server <= share;
  let shards = 1;
  while (!fits(shards) && shards < slots) shards = Math.ceil(shards * 1.05 + 0.01);
  const hosts = Math.ceil((messagesASecond * costs.host) / (hostCores * share));
  const purge = (users * mailADay * costs.purge) / shards;
  const breaks = [
    2 * shards > mostNodes ? 'more nodes than Redis Cluster is made for: several clusters' : '',
    longest * costs.server > share ? 'one user is more than a shard' : '',
    ...Object.entries(sql).map(([name, most]) =>
      messagesASecond > most * share ? `${name}: too many changes for one server` : '',
    ),
  ].filter((one) => one !== '');
  line(
    String(users),
    messagesASecond.toFixed(1),
    String(hosts),
    (memory / 2 ** 30).toFixed(1),
    String(shards),
    String(Math.ceil(memory / shardBytes)),
    `${((100 * busiest(bytes, shards) * shards) / memory).toFixed(0)} %`,
    purge.toFixed(1),
    `  ${breaks.join('; ')}`,
  );
}

/** The load of the shard that has most of it, slots dealt in equal ranges. */
function busiest(load: Float64Array, shards: number): number {
  let most = 0;
  for (let shard = 0; shard < shards; shard++) {
    const from = Math.floor((shard * slots) / shards);
    const to = Math.floor(((shard + 1) * slots) / shards);
    let own = 0;
    for (let slot = from; slot < to; slot++) own += load[slot] ?? 0;
    most = Math.max(most, own);
  }
  return most;
}

function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}

async function measureRedis(): Promise<Costs> {
  const server = await startRedis('--appendonly', 'yes');
  try {
    const port = Number(new URL(server.location).port);
    const store = await openStore(server.location, '/nowhere');
    const empty = figure(port, 'memory', 'used_memory');
    const names = Array.from({ length: 200 }, (_, at) => `empty${at}@example.org`);
    for (const name of names) await (await store.open(name, { create: true }))?.close();
    const userBytes = (figure(port, 'memory', 'used_memory') - empty) / names.length;

    const user = await store.open('joe@example.org', { create: true });
    if (user === undefined) throw new Error('There is no user.');
    const filter = new UserFilter(user, checkSettings({}, 'the bench'));
    for (const { reading, spam } of lessons) await filter.learn(reading, spam, 'error');
    let features = 0;
    for await (const { keys } of user.features()) features += keys.length;
    const { featureBytes, noteBytes } = await user.sizes();

    const begun = redisSeconds(port);
    const before = cpuUsage();
    const toe = new UserFilter(user, checkSettings({ trainingMode: 'toe' }, 'the bench'));
    for (const { reading } of lessons) await toe.receive(reading);
    const { user: own, system } = cpuUsage(before);
    const serverSeconds = redisSeconds(port) - begun;
    const signatureBytes = ((await user.sizes()).noteBytes - noteBytes) / lessons.length;

    const purging = redisSeconds(port);
    const purged = await user.purge(Date.now() / 1000 + 365 * 86_400);
    const purge = (redisSeconds(port) - purging) / purged;
    await store.close();
    return {
      host: (own + system) / 1e6 / lessons.length,
      server: serverSeconds / lessons.length,
      featureBytes: featureBytes / features,
      // The fields and the sorted set of expiries cost as much again as short notes do.
      signatureBytes: signatureBytes + 120,
      userBytes,
      purge,
    };
  } finally {
    await server.stop();
  }
}

function figure(port: number, part: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'mu').exec(redisSays(port, 'info', part))?.[1] ?? NaN);
}

/** Seconds of a processor that the server has used. */
function redisSeconds(port: number): number {
  const cpu = redisSays(port, 'info', 'cpu');
  const of = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'mu').exec(cpu)?.[1] ?? NaN);
  return of('used_cpu_user') + of('used_cpu_sys');
}

/** Changes a second of one server, for eight users at a time. */
async function changesASecond(server: Running): Promise<number> {
  try {
    const store = await openStore(server.location, '/nowhere');
    await store.init();
    const milliseconds = 4000;
    const end = performance.now() + milliseconds;
    const work = async (name: string): Promise<number> => {
      const user = await store.open(name, { create: true });
      let changes = 0;
      while (user !== undefined && performance.now() < end) {
        await receive(user, lessons[changes % lessons.length]);
        changes++;
      }
      return changes;
    };
    const all = await Promise.all(Array.from({ length: 8 }, (_, at) => work(`user${at}`)));
    await store.close();
    return all.reduce((sum, changes) => sum + changes, 0) / (milliseconds / 1000);
  } finally {
    await server.stop();
  }
}

async function receive(user: UserStore, lesson: Lesson | undefined): Promise<void> {
  if (lesson !== undefined)
    await new UserFilter(user, checkSettings({ trainingMode: 'toe' }, 'the bench')).receive(lesson.reading);
}
