/**
 * Another process that uses a store: `child.ts HOME TASK [NUMBER]`. It says on stdout how far it has come, a line each.
 */
import { argv, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe as inWords, TamisError } from '../../../src/errors.ts';
import type { UserStore } from '../../../src/store/contract.ts';
import { LevelStore } from '../../../src/store/level/level-store.ts';
import { changeNumber } from './changes.ts';

const [, , home = '', task = '', number = '0'] = argv;
const store = new LevelStore(home);

function say(line: string | number): void {
  stdout.write(`${line}\n`);
}

async function openJoe(): Promise<UserStore> {
  const user = await store.open('joe', { create: true });
  if (user === undefined) throw new Error('joe was not created');
  return user;
}

const tasks: Record<string, () => Promise<void>> = {
  /** Holds the lock for NUMBER milliseconds. */
  async hold() {
    const user = await openJoe();
    say('held');
    await sleep(Number(number));
    await user.close();
  },
  /** Applies change after change, and says the number of each that is acknowledged; after a failure, tries once more. */
  async write() {
    const user = await openJoe();
    let n = 1;
    try {
      for (; ; n++) {
        await user.apply(changeNumber(n), { durable: true });
        say(n);
      }
    } catch (error) {
      say(error instanceof TamisError ? `${error.code} ${error.message}` : inWords(error));
      await user.apply({ totals: { spamLearned: 1 } });
      say(n);
    }
  },
  /** Opens joe as the user NUMBER. */
  async open() {
    process.setgroups?.([]);
    process.setgid?.(Number(number));
    process.setuid?.(Number(number));
    await store.open('joe', { create: false });
    say('opened');
  },
};

try {
  await tasks[task]?.();
} catch (error) {
  say(error instanceof TamisError ? `${error.code} ${error.message}` : inWords(error));
}
