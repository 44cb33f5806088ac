/** A user of the daemon in whose contest both engines learn: what is kept in memory loses nothing of either. */
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { KeptUsers } from '../../src/daemon/kept-users.ts';
import { beginning, contestNote } from '../../src/judge/contest.ts';
import { Deadline } from '../../src/judge/deadline.ts';
import type { Users } from '../../src/judge/members.ts';
import { judgeMessage, type Task } from '../../src/judge/process.ts';
import { teachMessage } from '../../src/judge/teaching.ts';
import type { Store, UserStore } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { advertisement, mail } from '../cli/mail.ts';
import { knownOf } from '../judge/reading.ts';

const config = loadConfig({ home: '/nonexistent' }, { TAMIS_CONFIG: '/dev/null' });

async function imported(): Promise<Store> {
  const store = new MemoryStore();
  const user = await store.open('joe', { create: true });
  await user?.apply({
    totals: { dspamSpamLearned: 10, dspamInnocentLearned: 10 },
    notes: [contestNote(beginning)],
  });
  await user?.close();
  return store;
}

/** Mail that alternates between the classes; every third is corrected. */
async function live(users: Users): Promise<void> {
  const task: Task = { user: 'joe', config, users };
  for (let id = 0; id < 30; id++) {
    const spam = id % 2 === 0;
    const bytes = Buffer.from(spam ? advertisement(`m${id}`) : mail({ id: `m${id}` }), 'latin1');
    const { signature } = await judgeMessage(bytes, task, new Deadline(10_000));
    if (id % 3 === 0) await teachMessage(bytes, task, { spam, source: 'error', signature }, 1000);
  }
}

async function allOf(store: Store): Promise<unknown> {
  const user = await store.open('joe', { create: false, wait: 1000 });
  if (user === undefined) throw new Error('joe is gone');
  const known = { ...(await knownOf(user)), tokens: await tokensOf(user) };
  await user.close();
  return known;
}

async function tokensOf(user: UserStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { keys, values } of user.tokens()) {
    for (const [at, key] of keys.entries()) found.push(`${key} ${values[2 * at]} ${values[2 * at + 1]}`);
  }
  return found.sort();
}

test('warm or not, both engines know the same', async () => {
  const [kept, plain] = [await imported(), await imported()];
  const daemon = new KeptUsers(kept, 2 ** 30);
  await live(async (...work) => await daemon.with(...work));
  expect(daemon.figures().warm).toBe(1);
  await daemon.close();
  await live(async (_config, given, options, work) => {
    const user = await plain.open(given, options);
    try {
      return await work(user);
    } finally {
      await user?.close();
    }
  });
  const known = await allOf(kept);
  expect(known).toEqual(await allOf(plain));
  expect(known).toMatchObject({ totals: { contested: 30 } });
});
