/**
 * Measures the level backend with 500,000 features, and prints the figures of src/store/README.md:
 * `npx tsx test/store/level/figures.ts`. Takes about 15 seconds.
 *
 * Keys are random, the worst case. Of the features 70 % have an `a` within ±2000 and a `b` up to 300, the others 0 to 3. They are
 * learned 2,500 at a time, as from a long message.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LevelStore } from '../../../src/store/level/level-store.ts';
import type { FeatureRows, UserStore } from '../../../src/store/contract.ts';

const features = 500_000;
const perMessage = 2_500;
const runs = 15;

const home = await mkdtemp(path.join(tmpdir(), 'tamis-figures-'));
const store = new LevelStore(home);

/** A repeatable sequence of numbers below a limit (xorshift). */
let state = 88_172_645;
function random(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

const keys = Float64Array.from({ length: features }, () => random(2 ** 20) * 2 ** 20 + random(2 ** 20));

function message(from: number): FeatureRows {
  const values = new Int32Array(2 * perMessage);
  for (let i = 0; i < perMessage; i++) {
    const weighed = random(10) < 7;
    values[2 * i] = weighed ? random(4001) - 2000 : random(4);
    values[2 * i + 1] = weighed ? random(301) : random(4);
  }
  return { keys: keys.subarray(from, from + perMessage), values };
}

/** As many keys as a message has, 60 % of them known. */
function asked(): Float64Array {
  return Float64Array.from({ length: perMessage }, () =>
    random(10) < 6 ? (keys[random(features)] ?? 0) : random(2 ** 20) * 2 ** 20 + random(2 ** 20),
  );
}

async function openJoe(): Promise<UserStore> {
  const user = await store.open('joe', { create: true });
  if (user === undefined) throw new Error('joe was not created');
  return user;
}

async function diskBytes(): Promise<number> {
  const directory = path.join(home, 'users/joe/db');
  const files = await readdir(directory);
  const sizes = await Promise.all(files.map(async (file) => (await stat(path.join(directory, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

function say(what: string, samples: number[]): void {
  const sorted = samples.toSorted((one, other) => one - other);
  const [best = 0, median = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
  console.log(`${what}: median ${median.toFixed(1)} ms, best ${best.toFixed(1)} ms`);
}

const perFeature = (bytes: number): string => `${(bytes / features).toFixed(2)} bytes a feature`;

try {
  let user = await openJoe();
  const learned: number[] = [];
  for (let from = 0; from < features; from += perMessage) {
    learned.push((await timed(() => user.apply({ features: message(from) })))[0]);
  }
  say('learn 2,500 features', learned);
  console.log(`on disk as learned: ${perFeature(await diskBytes())}`);
  await user.sizes();
  await user.close();
  user = await openJoe();
  console.log(`on disk compacted: ${perFeature(await diskBytes())}`);
  const synced: number[] = [];
  for (let run = 0; run < 200; run++) {
    const from = random(features / perMessage) * perMessage;
    synced.push((await timed(() => user.apply({ features: message(from) }, { durable: true })))[0]);
  }
  say('learn 2,500 known features again, durable', synced);
  console.log(`on disk after 200 such messages: ${perFeature(await diskBytes())}`);
  const { featureBytes } = await user.sizes();
  console.log(`sizes(): ${perFeature(featureBytes)}`);
  await user.close();

  const [opening, reading, closing]: [number[], number[], number[]] = [[], [], []];
  for (let run = 0; run < runs; run++) {
    const wanted = asked();
    const [openTime, opened] = await timed(openJoe);
    opening.push(openTime);
    reading.push((await timed(() => opened.readFeatures(wanted)))[0]);
    closing.push((await timed(() => opened.close()))[0]);
  }
  say('open', opening);
  say('read 2,500 features after opening', reading);
  say('close', closing);

  user = await openJoe();
  const warm: number[] = [];
  for (let run = 0; run < runs; run++) {
    const wanted = asked();
    warm.push((await timed(() => user.readFeatures(wanted)))[0]);
  }
  say('read 2,500 features again', warm);
  const [scan] = await timed(async () => {
    for await (const rows of user.features()) if (rows.keys.length === 0) throw new Error('an empty chunk');
  });
  say('list all features', [scan]);
  console.log(`memory of the process: ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
} finally {
  await store.close();
  await rm(home, { recursive: true, force: true });
}
