/** A user of the daemon in whose contest both engines learn: what is kept in memory loses nothing of either. */
import { expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { KeptUsers } from '../../src/daemon/kept-users.ts';
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

test('signatures of mail that comes all at once wait in memory 32 at a time', async () => {
  const written: number[] = [];
  const counting = (own: UserStore, name: string | symbol): unknown => {
    if (name !== 'apply') return undefined;
    return async (...[change, options]: Parameters<UserStore['apply']>): Promise<void> => {
      written.push(change.notes?.filter(({ space }) => space === 'signature').length ?? 0);
      await own.apply(change, options);
    };
  };
  const kept = await imported();
  const daemon = new KeptUsers(replaced(kept, counting), 2 ** 30);
  const users: Users = async (...work) => await daemon.with(...work);
  await live(users);
  expect(daemon.figures().warm).toBe(1);
  written.length = 0;
  const task: Task = {
    user: 'joe',
    config: { ...config, settings: { ...config.settings, takeOver: false } },
    users,
  };
  const all = Array.from({ length: 100 }, (_, n) =>
    judgeMessage(Buffer.from(mail({ id: `at-once-${n}` })), task, new Deadline(10_000)),
  );
  await Promise.all(all);
  await daemon.close();
  expect(written.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect(Math.max(...written)).toBe(32);
});
