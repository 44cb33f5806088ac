/** Users of the daemon: what is kept in memory loses nothing, of either engine. */
import { expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { KeptUsers } from '../../src/daemon/kept-users.ts';
import { TamisError } from '../../src/errors.ts';
import { beginning, contestNote } from '../../src/judge/contest.ts';
import { Deadline } from '../../src/judge/deadline.ts';
import type { Users } from '../../src/judge/members.ts';
import { encodeLearned } from '../../src/judge/notes.ts';
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

/** Each message by itself, as without a daemon. */
function opening(store: Store): Users {
  return async (_config, given, options, work) => {
    const user = await store.open(given, options);
    try {
      return await work(user);
    } finally {
      await user?.close();
    }
  };
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
  await live(opening(plain));
  const known = await allOf(kept);
  expect(known).toEqual(await allOf(plain));
  expect(known).toMatchObject({ totals: { contested: 30 } });
});

/** A store with one method of its users, or what it says of itself, replaced. */
function replaced(
  store: Store,
  method: (own: UserStore, name: string | symbol) => unknown,
  own: Partial<Store> = {},
): Store {
  const user = (opened: UserStore): UserStore =>
    new Proxy(opened, { get: (_, name) => method(opened, name) ?? bound(opened, name) });
  return new Proxy(store, {
    get: (_, name) => {
      if (name in own) return Reflect.get(own, name) as unknown;
      if (name !== 'open') return bound(store, name);
      return async (...question: Parameters<Store['open']>): Promise<UserStore | undefined> => {
        const opened = await store.open(...question);
        return opened && user(opened);
      };
    },
  });
}

function bound(object: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(object, name);
  return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(object) : value;
}

/** A store whose features are read up to their last, which comes when the gate opens. */
function gated(store: Store): { store: Store; open: () => void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const method = (own: UserStore, name: string | symbol): unknown =>
    name === 'features'
      ? async function* () {
          yield* own.features();
          await gate;
        }
      : undefined;
  return { store: replaced(store, method), open };
}

test('mail and lessons go on while a user is read into memory, and nothing of them is lost there', async () => {
  const [kept, plain] = [await imported(), await imported()];
  const { store, open } = gated(kept);
  const daemon = new KeptUsers(store, 2 ** 30);
  const users: Users = async (...work) => await daemon.with(...work);
  await live(users);
  // More than there may be open: who is being read is not let go of for them.
  for (let n = 0; n < 20; n++) await users(config, `other${n}`, { create: true }, () => Promise.resolve());
  expect(daemon.figures().warm).toBe(0);
  open();
  await vi.waitFor(() => {
    expect(daemon.figures().warm).toBe(1);
  });
  await live(users);
  await daemon.close();
  await live(opening(plain));
  await live(opening(plain));
  expect(await allOf(kept)).toEqual(await allOf(plain));
});

/** A store of joe, who is warm in a daemon, where what is durable is written as it is told. */
async function learning(write: (own: () => Promise<void>) => Promise<void>): Promise<{
  teach: (id: string) => Promise<string>;
  users: Users;
  daemon: KeptUsers;
}> {
  const own = new MemoryStore();
  const store = replaced(own, (user, name) =>
    name === 'apply'
      ? async (...[change, options]: Parameters<UserStore['apply']>): Promise<void> => {
          const apply = (): Promise<void> => user.apply(change, options);
          await (options?.durable === true && isReady ? write(apply) : apply());
        }
      : undefined,
  );
  let isReady = false;
  await (await store.open('joe', { create: true }))?.close();
  const daemon = new KeptUsers(store, 2 ** 30);
  const users: Users = async (...work) => await daemon.with(...work);
  await live(users);
  expect(daemon.figures().warm).toBe(1);
  isReady = true;
  const task: Task = { user: 'joe', config, users };
  const teach = async (id: string): Promise<string> =>
    (await teachMessage(Buffer.from(advertisement(id), 'latin1'), task, { spam: true }, 1000)).learning;
  return { teach, users, daemon };
}

/** Until nothing happens any more by itself. */
async function rest(): Promise<void> {
  for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
}

test('while a lesson is being written others are learned, all by one write, and none is answered before it is there', async () => {
  const writes: (() => void)[] = [];
  const { teach, users, daemon } = await learning(async (own) => {
    await new Promise<void>((resolve) => writes.push(resolve));
    await own();
  });
  const answers: string[] = [];
  const told = (id: string): Promise<void> =>
    teach(id).then((learning) => void answers.push(`${id} ${learning}`));
  const first = [told('a')];
  await rest();
  // The same again is known, but it is not yet there.
  first.push(told('a'));
  let worked = false;
  first.push(users(config, 'joe', { create: false }, () => Promise.resolve(void (worked = true))));
  await rest();
  const others = ['b', 'c', 'd'].map(told);
  await rest();
  expect([worked, answers, writes.length]).toEqual([true, [], 1]);
  writes[0]?.();
  await Promise.all(first);
  expect(answers.toSorted()).toEqual(['a duplicate', 'a learned']);
  await rest();
  expect(writes).toHaveLength(2);
  writes[1]?.();
  await Promise.all(others);
  expect(answers.slice(2)).toEqual(['b learned', 'c learned', 'd learned']);
  await daemon.close();
});

test('where a write fails, all hear of it who were learned since, and the next is learned from what is there', async () => {
  let fails = true;
  const { teach, users, daemon } = await learning(async (own) => {
    await rest();
    if (fails) throw new TamisError('STORE_FAILED', 'There is no space left.');
    await own();
  });
  const learned = async (): Promise<number | undefined> =>
    await users(config, 'joe', { create: false }, async (memory) => (await memory?.totals())?.spamCorpusfed);
  const first = teach('a');
  await new Promise(setImmediate);
  const outcomes = await Promise.allSettled([first, teach('b'), teach('c')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await learned()).toBe(0);
  fails = false;
  expect(await Promise.all(['a', 'b', 'c', 'a'].map(teach))).toEqual([
    'learned',
    'learned',
    'learned',
    'duplicate',
  ]);
  expect(await learned()).toBe(3);
  await daemon.close();
});

/** A store that hosts share, in which another host teaches the same message as innocent, just before the next lesson is written. */
function overtaken(store: Store): { store: Store; overtake: () => void } {
  let comes = false;
  const method = (own: UserStore, name: string | symbol): unknown => {
    if (name !== 'apply') return undefined;
    return async (...[change, options]: Parameters<UserStore['apply']>): Promise<void> => {
      const [expected] = change.expects ?? [];
      if (comes && expected !== undefined) {
        comes = false;
        const value = encodeLearned({ spam: false, source: 'error', rounds: [] });
        await own.apply({ notes: [{ ...expected, value }] });
      }
      await own.apply(change, options);
    };
  };
  return { store: replaced(store, method, { isShared: true }), overtake: () => (comes = true) };
}

test('a lesson that another host overtakes is learned anew, and costs no signature of other mail', async () => {
  const { store, overtake } = overtaken(new MemoryStore());
  await (await store.open('joe', { create: true }))?.close();
  const daemon = new KeptUsers(store, 2 ** 30);
  const users: Users = async (...work) => await daemon.with(...work);
  const task: Task = { user: 'joe', config, users };
  await live(users);
  expect(daemon.figures().warm).toBe(1);
  const passed = await Promise.all(
    ['a', 'b', 'c'].map((id) => judgeMessage(Buffer.from(mail({ id })), task, new Deadline(10_000))),
  );
  overtake();
  const lesson = { spam: true, source: 'error' } as const;
  const { learning } = await teachMessage(Buffer.from(advertisement('new'), 'latin1'), task, lesson, 1000);
  expect(learning).toBe('relearned');
  for (const { signature } of passed)
    expect((await teachMessage(undefined, task, { ...lesson, signature }, 1000)).learning).not.toBe(
      'duplicate',
    );
  await daemon.close();
});
