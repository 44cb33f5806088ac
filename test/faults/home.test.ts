/** The home, the store or the configuration is not what it should be: mail goes through whatever is wrong with them. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { LevelStore } from '../../src/store/level/level-store.ts';
import { openDatabase } from '../../src/store/level/database.ts';
import { versionKey } from '../../src/store/level/records.ts';
import { Place, type Surroundings } from '../cli/tamis.ts';
import {
  expectDeferred,
  expectJudged,
  expectPassed,
  isRoot,
  message,
  nobody,
  passed,
  teach,
} from './fault.ts';
import { withoutOurs } from '../cli/mail.ts';

let place: Place;
let taught: string;
const mounts: string[] = [];
beforeAll(() => {
  place = new Place();
  teach(place);
  taught = place.path('taught');
  renameSync(place.home, taught);
});
afterEach(() => {
  for (const mount of mounts.splice(0)) execFileSync('umount', [mount]);
  rmSync(place.home, { recursive: true, force: true });
  rmSync(place.path('not-in-place'), { recursive: true, force: true });
});
afterAll(() => {
  place.remove();
});

/** The directory of joe's LevelDB. */
const database = (): string => join(place.home, 'users/joe/db');
/** The file of joe's LevelDB whose name matches. */
const databaseFile = (name: RegExp): string =>
  join(database(), readdirSync(database()).find((entry) => name.test(entry)) ?? '');
/** Puts the taught home in its place. */
const home = (): void => {
  cpSync(taught, place.home, { recursive: true });
};
/** Everything below the home belongs to nobody. */
const ownedByNobody = (): void => {
  home();
  execFileSync('chown', ['-R', `${nobody}:${nobody}`, place.home]);
};
/** A small file system at the home, or why there is none. */
const mountable: boolean =
  isRoot &&
  ((): boolean => {
    const probe = new Place();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe.temporary], { stdio: 'ignore' });
      execFileSync('umount', [probe.temporary]);
      return true;
    } catch {
      return false;
    } finally {
      probe.remove();
    }
  })();
function mountHome(size: string): void {
  mkdirSync(place.home);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place.home]);
  mounts.push(place.home);
  cpSync(taught, place.home, { recursive: true });
}

/** What is wrong, how it is made wrong, what is said of it. */
interface Fault extends Surroundings {
  readonly make: () => void;
  readonly says: RegExp;
  readonly args?: readonly string[];
  /** What it takes beside a file system. */
  readonly needs?: 'root' | 'mount';
}

const faults: Record<string, Fault> = {
  'a file in place of the home': {
    make: () => {
      writeFileSync(place.home, 'not a directory');
    },
    says: /A file stands where a directory should be/,
  },
  'a file in place of the users': {
    make: () => {
      mkdirSync(place.home);
      writeFileSync(join(place.home, 'users'), 'not a directory');
    },
    says: /A file stands where a directory should be/,
  },
  'a home that cannot be made': {
    make: () => {
      writeFileSync(place.path('not-in-place'), '');
    },
    env: { TAMIS_HOME: 'not-in-place/home' },
    args: ['--set', 'createUsers=on'],
    says: /A file stands where a directory should be/,
  },
  'an unreadable home': {
    make: () => {
      ownedByNobody();
      chmodSync(place.home, 0o000);
    },
    uid: nobody,
    needs: 'root',
    says: /uid 65534\) may not read and write /,
  },
  "somebody else's home": {
    make: home,
    uid: nobody,
    needs: 'root',
    says: /uid 65534\) may not read and write /,
  },
  'a home without write permission': {
    make: () => {
      ownedByNobody();
      execFileSync('chmod', ['-R', 'a-w', place.home]);
    },
    uid: nobody,
    needs: 'root',
    says: /uid 65534\) may not read and write /,
  },
  'a home that cannot be made by this user': {
    make: () => {
      mkdirSync(place.path('not-in-place'), { mode: 0o755 });
    },
    env: { TAMIS_HOME: 'not-in-place/home' },
    uid: nobody,
    args: ['--set', 'createUsers=on'],
    needs: 'root',
    says: /uid 65534\) may not read and write /,
  },
  'a read-only file system': {
    make: () => {
      mountHome('4m');
      execFileSync('mount', ['-o', 'remount,ro', place.home]);
    },
    needs: 'mount',
    says: /is on a read-only file system; mount it writable/,
  },
  'a full disk': {
    make: () => {
      mountHome('512k');
      fill(join(place.home, 'full'));
    },
    needs: 'mount',
    says: /There is no space left to write the store /,
  },
  'a store whose CURRENT is garbage': {
    make: () => {
      home();
      writeFileSync(join(database(), 'CURRENT'), 'garbage');
    },
    says: /is damaged; restore it from a backup/,
  },
  'a store whose CURRENT is empty': {
    make: () => {
      home();
      truncateSync(join(database(), 'CURRENT'));
    },
    says: /is damaged; restore it from a backup/,
  },
  'a store whose MANIFEST is garbage': {
    make: () => {
      home();
      writeFileSync(databaseFile(/^MANIFEST/), 'garbage '.repeat(100));
    },
    says: /is damaged; restore it from a backup/,
  },
  'a store whose MANIFEST is gone': {
    make: () => {
      home();
      rmSync(databaseFile(/^MANIFEST/));
    },
    says: /is damaged; restore it from a backup/,
  },
  'a bad configuration': {
    make: () => {
      home();
      writeFileSync(place.path('bad.toml'), 'deadline = = 5\n');
    },
    args: ['--config', 'bad.toml'],
    says: /Cannot use the configuration bad\.toml/,
  },
  'a configuration with an unknown key': {
    make: () => {
      home();
      writeFileSync(place.path('unknown.toml'), 'trainingMood = "toe"\n');
    },
    args: ['--config', 'unknown.toml'],
    says: /unknown\.toml: there is no setting "trainingMood"/,
  },
  'a configuration with a wrong value': {
    make: () => {
      home();
      writeFileSync(place.path('wrong.toml'), 'deadline = "soon"\n');
    },
    args: ['--config', 'wrong.toml'],
    says: /wrong\.toml: deadline cannot be "soon"/,
  },
  'a configuration that is not there': {
    make: home,
    args: ['--config', 'nowhere.toml'],
    says: /Cannot use the configuration nowhere\.toml/,
  },
  'a directory as configuration': {
    make: home,
    args: ['--config', '.'],
    says: /Cannot use the configuration \./,
  },
  'an unreadable configuration': {
    make: () => {
      ownedByNobody();
      writeFileSync(place.path('secret.toml'), '', { mode: 0o600 });
    },
    args: ['--config', 'secret.toml'],
    uid: nobody,
    needs: 'root',
    says: /Cannot use the configuration secret\.toml; it must be readable by/,
  },
  'a setting that there is not': {
    make: home,
    args: ['--set', 'nonsense=1'],
    says: /--set: there is no setting "nonsense"/,
  },
  'a setting without a value': {
    make: home,
    args: ['--set', 'deadline'],
    says: /--set takes KEY=VALUE, not "deadline"/,
  },
  'a store that there is not': {
    make: home,
    args: ['--set', 'store=tape:0'],
    says: /store = "tape:0" is no backend/,
  },
};

/** Leaves not a byte of room. */
function fill(file: string): void {
  for (const size of [64 * 1024, 4096, 512]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }
}

describe.each(Object.entries(faults))('%s', (_, { make, says, args = [], needs, ...surroundings }) => {
  const impossible = (needs === 'root' && !isRoot) || (needs === 'mount' && !mountable);
  const filter = ['--user=joe', ...args];
  test.skipIf(impossible)('the message passes', () => {
    make();
    const run = { stdin: message, ...surroundings };
    expectPassed(place.run([...filter, '--deliver=stdout'], run), says);
  });

  test.skipIf(impossible)('or is deferred, and has no summary', () => {
    make();
    const run = { stdin: message, ...surroundings };
    expectDeferred(place.run([...filter, '--deliver=stdout', '--on-error=defer'], run), says);
    expectDeferred(place.run([...filter, '--deliver=summary'], run), says);
    expectDeferred(place.run([...filter, '--class=spam', '--source=corpus'], run), says);
  });
});

test('a home that is missing: the message is judged as for an unknown user, and nothing is made', () => {
  const outcome = place.run(['--user=joe', '--deliver=stdout'], { stdin: message });
  expectJudged(outcome);
  expect(outcome.stdout).not.toContain('X-DSPAM-Signature');
  expect(place.tree()).toEqual({});
});

test('a log that is cut off, as by a power cut: what was learned before the cut is there', () => {
  home();
  const log = databaseFile(/\.log$/);
  truncateSync(log, 100);
  expectJudged(place.run(['--user=joe', '--deliver=stdout'], { stdin: message }));
});

test('a store of another version: the message passes', async () => {
  home();
  const store = await openDatabase(database(), false);
  await store.put(versionKey, Uint8Array.of(99));
  await store.close();
  const outcome = place.run(['--user=joe', '--deliver=stdout'], { stdin: message });
  expectPassed(outcome, /version|format/);
});

describe('a store that another process holds', () => {
  test('for longer than the deadline: the message passes', async () => {
    home();
    const store = new LevelStore(place.home);
    const user = await store.open('joe', { create: false });
    const args = ['--user=joe', '--deliver=stdout', '--set', 'deadline=0.5'];
    const outcome = place.run(args, { stdin: message });
    const deferred = place.run([...args, '--on-error=defer'], { stdin: message });
    await user?.close();
    expect(user).toBeDefined();
    expectPassed(outcome, /Another process has the store|longer than the deadline/);
    expectDeferred(deferred, /Another process has the store|longer than the deadline/);
  });

  test('for less than the deadline: the message is judged', async () => {
    home();
    const store = new LevelStore(place.home);
    const user = await store.open('joe', { create: false });
    const child = place.start(['--user=joe', '--deliver=stdout', '--set', 'deadline=20']);
    const stdout: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    child.stdin.end(Buffer.from(message, 'latin1'));
    setTimeout(() => void user?.close(), 500);
    expect(await closed).toBe(0);
    const out = Buffer.concat(stdout).toString('latin1');
    expect(out).toMatch(/^X-DSPAM-Signature: /m);
    expect(withoutOurs(out)).toBe(passed);
  });
});

test.skipIf(!isRoot)('a user without a name, a home or an environment: the message passes', () => {
  const env = { TAMIS_HOME: undefined, PATH: undefined, TMPDIR: undefined, TZ: undefined };
  const outcome = place.run(['--user=joe', '--deliver=stdout'], { stdin: message, env, uid: 54_321 });
  expectPassed(outcome, /uid 54321 has no home directory; give --home/);
});

test('a working directory that is gone: the message is judged', () => {
  home();
  const cwd = place.path('not-in-place');
  mkdirSync(cwd);
  const script = 'rmdir "$PWD" && exec "$@"';
  expectJudged(place.run(['--user=joe', '--deliver=stdout'], { stdin: message, cwd, script }));
});
