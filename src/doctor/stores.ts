/**
 * Whether every user's store can be opened and read: all of it, as who owns it, under its lock.
 *
 * A lock lives as long as the process that holds it, so that there are no stale ones; but a process can hang. Everything of ours lets go
 * within seconds (the daemon within 4).
 *
 * Limits: reading ends after {@link longest}; LevelDB does not check the sums of its tables when it reads, so that a single
 * wrong bit in the numbers of a feature is not seen.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, systemCode, TamisError, type ErrorCode } from '../errors.ts';
import { log } from '../log.ts';
import type { Store } from '../store/contract.ts';
import { folderOf } from '../store/names.ts';
import { openStore } from '../store/open.ts';
import { quoted, type Finding } from './finding.ts';
import type { Configured } from './site.ts';

/** Milliseconds that somebody else may hold a store. */
const patience = 6000;
/** Milliseconds that the server of a store may take. */
const slow = 500;
/** Milliseconds for all of them. */
const longest = 60_000;

/** The check. */
export async function* stores({ config }: Configured): AsyncIterable<Finding> {
  const end = performance.now() + longest;
  const store = await openStore(config.settings.store, config.home);
  const onServer = config.settings.store !== 'level';
  let count = 0;
  try {
    yield* serverFindings(store);
    for await (const user of store.users()) {
      if (performance.now() > end) {
        log(`the stores of ${count} users have been read; there was no time for the others.`);
        return;
      }
      count++;
      try {
        await read(store, user);
      } catch (error) {
        yield onServer
          ? serverFinding(error)
          : findingOf(error, user, join(config.home, 'users', folderOf(user)));
      }
    }
  } catch (error) {
    yield onServer ? serverFinding(error) : findingOf(error, '', config.home);
  } finally {
    await store.close();
  }
}

/** Whether what answers for the store answers soon, and is set up as it should be. */
async function* serverFindings(store: Store): AsyncIterable<Finding> {
  const unknown = randomUUID();
  // The first time a connection is made, too.
  await store.open(unknown, { create: false });
  const start = performance.now();
  await store.open(unknown, { create: false });
  const took = performance.now() - start;
  if (took > slow) {
    yield {
      code: 'STORE_SLOW',
      sentence: `The store takes ${(took / 1000).toFixed(1)} seconds to say whether there is a user; mail waits for it, and passes unjudged after the deadline.`,
      type: 'tamis store check # then look at the load of its server, and at the network between',
    };
  }
  for (const sentence of await store.check())
    yield { code: 'STORE_SETTING', sentence, type: 'tamis store check' };
}

function serverFinding(error: unknown): Finding {
  // The backends are files of their own, with errors of their own class.
  const code = (systemCode(error) ?? 'STORE_FAILED') as ErrorCode;
  return {
    code,
    sentence: describe(error),
    type: code === 'STORE_VERSION' ? 'tamis store init' : 'tamis store check',
  };
}

async function read(store: Store, name: string): Promise<void> {
  const user = await store.open(name, { create: false, wait: patience });
  if (user === undefined) return;
  try {
    await user.totals();
    await drained(user.features());
    await drained(user.tokens());
    // Looks at every note; none had expired in 1970.
    await user.purge(0);
  } finally {
    await user.close();
  }
}

async function drained(rows: AsyncIterable<unknown>): Promise<void> {
  const all = rows[Symbol.asyncIterator]();
  while ((await all.next()).done !== true);
}

function findingOf(error: unknown, user: string, folder: string): Finding {
  const { code, message } =
    error instanceof TamisError
      ? error
      : new TamisError('STORE_FAILED', `The store ${folder} failed.`, { cause: error });
  if (code === 'STORE_LOCKED') {
    const { pid, command } = holderOf(join(folder, 'db/LOCK'));
    return {
      code,
      sentence: `Process ${pid} (${command}) has held the store of ${user} (${folder}) for ${patience / 1000} seconds; mail for that user passes unjudged meanwhile.`,
      type: pid === '?' ? `fuser -v ${quoted(join(folder, 'db/LOCK'))}` : `kill ${pid}`,
    };
  }
  const types: Partial<Record<typeof code, string>> = {
    STORE_CORRUPT: `mv ${quoted(folder)} ${quoted(join(folder, '../../damaged-') + basename(folder))} # then restore it from a backup, or: tamis train --user ${quoted(user)}`,
    STORE_VERSION: 'npm install --global tamis@latest',
    HOME: `chown -R "$(stat -c %U:%G ${quoted(join(folder, '../..'))})" ${quoted(folder)}`,
  };
  return { code, sentence: message, type: types[code] ?? `df -h ${quoted(folder)}; mount | grep -w ro` };
}

/** Who holds the lock of a file (proc_locks(5)). */
function holderOf(file: string): { readonly pid: string; readonly command: string } {
  try {
    const { ino } = statSync(file);
    const lock = new RegExp(`^\\d+: POSIX +ADVISORY +WRITE (\\d+) \\S+:${ino} `, 'm');
    const [, pid = ''] = lock.exec(readFileSync('/proc/locks', 'utf8')) ?? [];
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, command };
  } catch {
    return { pid: '?', command: 'it cannot be told which' };
  }
}
