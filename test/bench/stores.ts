/**
 * What a message costs on each backend, against LevelDB in one run: the first messages of the SpamAssassin corpus, judged and then
 * learned. Servers run on this machine (test/store/everywhere.ts). Fails if any verdict differs from LevelDB's.
 *
 *     npx tsx test/bench/stores.ts [MESSAGES]
 */
import { openStore } from '../../src/store/open.ts';
import { startEverything } from '../store/everywhere.ts';
import { firstLessons, runHistory } from '../store/history.ts';

const count = Number(process.argv[2] ?? 1000);
const lessons = await firstLessons(count);
const all = await startEverything();
const user = 'joe@example.org';

const median = (times: readonly number[]): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? NaN;
const mean = (times: readonly number[]): number => times.reduce((sum, time) => sum + time, 0) / times.length;
const line = (...columns: readonly (string | number)[]): void => {
  console.log(
    columns
      .map((column, at) =>
        (typeof column === 'number' ? column.toFixed(2) : column).padStart(at === 0 ? -10 : 12).padEnd(10),
      )
      .join(''),
  );
};

let expected: readonly number[] | undefined;
let base = { judging: NaN, learning: NaN };
try {
  line('ms', 'judge', '(mean)', 'x level', 'learn', '(mean)', 'x level', 'differ', 'B/feature');
  for (const [name, location] of Object.entries(all.locations)) {
    const store = await openStore(location, all.home);
    await store.init();
    const { probabilities, judging, learning } = await runHistory(store, user, lessons);
    const memory = await store.open(user, { create: false });
    let features = 0;
    for await (const { keys } of memory?.features() ?? []) features += keys.length;
    const bytes = (await memory?.sizes())?.featureBytes ?? NaN;
    await store.close();
    expected ??= probabilities;
    const reference = expected;
    const differ = probabilities.filter((probability, at) => probability !== reference[at]).length;
    if (Number.isNaN(base.judging)) base = { judging: median(judging), learning: median(learning) };
    line(
      name,
      median(judging),
      mean(judging),
      median(judging) / base.judging,
      median(learning),
      mean(learning),
      median(learning) / base.learning,
      String(differ),
      bytes / features,
    );
    if (differ > 0) process.exitCode = 1;
  }
} finally {
  await all.stop();
}
