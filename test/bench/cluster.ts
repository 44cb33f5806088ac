/**
 * Two daemons on one Redis Cluster while a master is killed and comes back and a slot moves (test/store/cluster-run.ts), and before that
 * what each durability setting costs a lesson.
 *
 *     npx tsx test/bench/cluster.ts [SECONDS OF EACH OF FOUR PARTS]          default 10
 *
 * Fails if anything that was answered is missing or counted twice, or if a message is lost.
 */
import type { Store, UserStore } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { runOnCluster } from '../store/cluster-run.ts';
import { redisSays, startRedisCluster } from '../store/servers.ts';

const part = 1000 * Number(process.argv[2] ?? 10);
/** A lesson's features; the settings take turns of so many lessons, so often. */
const features = 500;
const turn = 50;
const turns = 8;

await costs();
for (const options of ['?wait=1', '']) {
  const { failures, ...figures } = await runOnCluster({ users: 50, options, part });
  console.log(options === '' ? 'a master dies, without wait' : `a master dies, ${options}`);
  for (const [name, figure] of Object.entries(figures))
    console.log(`  ${name.padEnd(20)}${figure.toFixed(0)}`);
  for (const failure of failures.slice(0, 20)) console.log(`  FAILED ${failure}`);
  console.log(failures.length === 0 ? '  nothing lost, nothing twice' : `  ${failures.length} failures`);
  // Without it a master that dies may take with it what its replica had not got yet: this is what wait is for.
  if (failures.length > 0 && options !== '') process.exitCode = 1;
}

async function costs(): Promise<void> {
  const cluster = await startRedisCluster();
  const stores: Store[] = [];
  const times = new Map<string, number[]>();
  try {
    const users: [string, UserStore][] = [];
    for (const options of ['', '?wait=1']) {
      const store = await openStore(cluster.location + options, '/nowhere');
      stores.push(store);
      const user = await store.open('joe@example.org', { create: true });
      if (user !== undefined) users.push([options, user]);
    }
    for (let round = 0; round <= turns; round++) {
      for (const sync of ['everysec', 'always']) {
        for (const port of cluster.ports) redisSays(port, 'config', 'set', 'appendfsync', sync);
        for (const [options, user] of users) {
          const name = `appendfsync ${sync}${options}`;
          const took = await taught(user, round);
          // The first round is for the machine to get warm.
          if (round > 0) times.set(name, [...(times.get(name) ?? []), ...took]);
        }
      }
    }
  } finally {
    for (const store of stores) await store.close();
    await cluster.stop();
  }
  console.log(`a lesson of ${features} features, median and 99th percentile of ${turn * turns}, ms`);
  for (const [name, all] of times) {
    all.sort((one, other) => one - other);
    const figure = (share: number): string =>
      (all[Math.floor(share * all.length)] ?? NaN).toFixed(2).padStart(8);
    console.log(`  ${name.padEnd(30)}${figure(0.5)}${figure(0.99)}`);
  }
}

async function taught(user: UserStore, round: number): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < turn; at++) {
    const first = (round * turn + at) * 7919;
    const keys = Float64Array.from({ length: features }, (_, i) => (first + i * 104_729) % 1_000_000);
    const start = performance.now();
    await user.apply({ features: { keys, values: new Int32Array(2 * features).fill(1) } }, { durable: true });
    times.push(performance.now() - start);
  }
  return times;
}
