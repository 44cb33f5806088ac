/**
 * DSPAM's engine on DSPAM's own tables, in place: verdicts are those on LevelDB, what either program learns the other reads, and
 * either retrains what the other has signed.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import SQLite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSettings } from '../../../src/config/settings.ts';
import { DspamFilter, dspamReading } from '../../../src/judge/dspam-filter.ts';
import { readMessage } from '../../../src/judge/reading.ts';
import type { Store, UserStore } from '../../../src/store/contract.ts';
import { openStore } from '../../../src/store/open.ts';
import { describeWith, peer } from '../../peers.ts';
import { kinds } from '../kinds.ts';
import { Place } from '../../cli/tamis.ts';
import { openUser } from '../conformance.ts';
import type { Running } from '../servers.ts';
import { schemas, sqliteTables } from './dspam-schemas.ts';

const messages = new URL('../../classifier/dspam/golden/msgs/', import.meta.url);
const settings = checkSettings(
  { engine: 'dspam', tokenizer: 'chain', trainingMode: 'teft', enableWhitelist: false },
  'the test',
);

const messageOf = (name: string): Buffer => readFileSync(new URL(`${name}.eml`, messages));
const numbered = (kind: string, count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, at) => `${kind}${String(from + at).padStart(2, '0')}`);

async function readingOf(name: string): Promise<ReturnType<typeof dspamReading>> {
  const bytes = messageOf(name);
  return dspamReading(bytes, await readMessage(bytes));
}

/** Trains 10 of each class, then lets 8 messages arrive, and corrects the first; every verdict on the way. */
async function history(user: UserStore): Promise<unknown[]> {
  const filter = new DspamFilter(user, settings);
  for (const [at, ham] of numbered('ham', 10).entries()) {
    await filter.learn(await readingOf(ham), false, 'corpus');
    await filter.learn(await readingOf(numbered('spam', 10)[at] ?? ''), true, 'corpus');
  }
  const verdicts: unknown[] = [];
  for (const name of [...numbered('ham', 4, 20), ...numbered('spam', 4, 20)]) {
    const { judgement } = await filter.receive(await readingOf(name), false);
    verdicts.push([name, judgement.spam, judgement.probability, judgement.confidence, judgement.factors]);
  }
  await filter.learn(await readingOf('ham20'), true, 'error');
  const again = await filter.receive(await readingOf('ham21'), true);
  return [...verdicts, again.judgement];
}

interface Token {
  readonly token: string;
  readonly spam: number;
  readonly innocent: number;
}

/** The tables as DSPAM itself would look at them. */
interface Tables {
  say(words: string): void;
  tokens(): Token[];
}

let expected: { verdicts: unknown[]; tokens: Map<bigint, readonly [number, number]> };

async function tokensOf(user: UserStore): Promise<Map<bigint, readonly [number, number]>> {
  const found = new Map<bigint, readonly [number, number]>();
  for await (const { keys, values } of user.tokens()) {
    for (const [at, key] of keys.entries()) found.set(key, [values[2 * at] ?? 0, values[2 * at + 1] ?? 0]);
  }
  return found;
}

beforeAll(async () => {
  const home = mkdtempSync(path.join(tmpdir(), 'tamis-level-'));
  const store = await openStore('level', home);
  const user = await openUser(store);
  expected = { verdicts: await history(user), tokens: await tokensOf(user) };
  await store.close();
  rmSync(home, { recursive: true });
});

/** The same for every form of the tables. */
function inPlace(
  place: () => { store: Store; user: string; tables: Tables; literal: (key: bigint) => string; uid: string },
): void {
  test('the verdicts and the tokens are those on LevelDB', async () => {
    const { store, user: name, tables } = place();
    const user = await openUser(store, name);
    expect(await history(user)).toEqual(expected.verdicts);
    const tokens = await tokensOf(user);
    expect(tokens).toEqual(expected.tokens);
    const rows = tables.tokens().filter(({ spam, innocent }) => spam + innocent > 0);
    const keys = rows.map(({ token, spam, innocent }): [bigint, readonly [number, number]] => [
      BigInt.asUintN(64, BigInt(token)),
      [spam, innocent],
    ]);
    expect(new Map(keys)).toEqual(expected.tokens);
    await user.close();
  });

  test('what DSPAM writes is read, and its own signature retrains', async () => {
    const { store, user: name, tables, literal, uid } = place();
    const keys = [2n ** 64n - 5n, 17n, 11_624_422_384_514_212_933n];
    const insert = uid === '' ? '' : `${uid},`;
    for (const key of keys) {
      tables.say(
        `insert into dspam_token_data (${uid === '' ? '' : 'uid,'} token, spam_hits, innocent_hits, last_hit) values (${insert} ${literal(key)}, 3, 5, '2020-01-02')`,
      );
    }
    const data = Buffer.alloc(48);
    for (const [at, key] of keys.entries()) {
      data.writeBigUInt64LE(key, 16 * at);
      data[16 * at + 8] = 1;
    }
    const hex = data.toString('hex');
    const blob = literal(1n) === '1' && place().tables.say.name === 'psql' ? `'\\x${hex}'` : `x'${hex}'`;
    tables.say(
      `insert into dspam_signature_data (${uid === '' ? '' : 'uid,'} signature, data${uid === '' ? '' : ', length'}, created_on)
        values (${insert} '6b0360fc154471170017774', ${blob}${uid === '' ? '' : ', 48'}, '2026-11-22')`,
    );
    const user = await openUser(store, name);
    expect(Array.from(await user.readTokens(BigUint64Array.from(keys.slice(0, 2))))).toEqual([3, 5, 3, 5]);
    const filter = new DspamFilter(user, settings);
    const signed = await filter.signed('6b0360fc154471170017774');
    expect(Array.from(signed.keys ?? [])).toEqual(keys.slice(0, 2));
    // Teft had learned it as innocent, which is taken back.
    expect(await filter.learn(signed, true, 'error')).toBe('learned');
    expect(await filter.learn(signed, true, 'error')).toBe('duplicate');
    expect(Array.from(await user.readTokens(BigUint64Array.from(keys.slice(0, 2))))).toEqual([4, 4, 4, 4]);
    const days = new Map<bigint, number>();
    for await (const rows of user.tokens())
      for (const [at, key] of rows.keys.entries()) days.set(key, rows.days?.[at] ?? 0);
    expect(days.get(17n)).toBe(Math.floor(Date.now() / 86_400_000));
    expect(days.has(keys[2] ?? 0n)).toBe(false);
    await user.close();
  });

  test('what is signed here DSPAM finds: its tokens, 16 bytes each', async () => {
    const { store, user: name } = place();
    const user = await openUser(store, name);
    const filter = new DspamFilter(user, settings);
    const { signature = '' } = await filter.receive(await readingOf('ham25'), false);
    expect(signature).toMatch(/^[0-9a-f]{8}\d+$/u);
    const keys = await user.dspamSignature?.(signature);
    const known = await user.readTokens(keys ?? new BigUint64Array());
    expect(keys?.length).toBeGreaterThan(50);
    expect(known.some((hits) => hits > 0)).toBe(true);
    await user.close();
  });

  test('hits and totals never fall below 0', async () => {
    const { store, user: name } = place();
    const user = await openUser(store, name);
    const before = (await user.totals()).dspamSpamMisclassified;
    await user.apply({
      tokens: { keys: BigUint64Array.of(99n, 98n), values: Int32Array.of(-5, 2, 1, 0) },
      totals: { dspamSpamMisclassified: -before - 3, spamLearned: -3 },
    });
    expect(Array.from(await user.readTokens(BigUint64Array.of(99n, 98n)))).toEqual([0, 2, 1, 0]);
    expect(await user.totals()).toMatchObject({ dspamSpamMisclassified: 0, spamLearned: -3 });
    await user.close();
  });

  test('an unknown user stays unknown, and names are those of DSPAM', async () => {
    const { store, user: name } = place();
    expect(await store.open('nobody@nowhere', { create: false })).toBeUndefined();
    expect(await store.check()).toEqual(expect.any(Array));
    const names: string[] = [];
    for await (const user of store.users()) names.push(user);
    expect(names).toContain(name);
  });
}

describe.each(kinds.filter(({ name }) => name !== 'redis'))('on $name', (kind) => {
  describeWith(kind.programs, (...programs) => {
    let server: Running;
    beforeAll(async () => {
      server = await kind.start(programs);
    }, 60_000);
    afterAll(async () => {
      await server.stop();
    });

    /** Runs SQL in a database of its own, as DSPAM would. */
    const client = (database: string): Tables & { location: string } => {
      const url = new URL(server.location);
      const isPostgres = kind.name === 'postgres';
      const ask = (words: string): string =>
        isPostgres
          ? execFileSync(
              peer('psql') ?? '',
              [
                '-h',
                server.folder,
                '-p',
                url.port,
                '-U',
                'tamis',
                '-d',
                database,
                '-v',
                'ON_ERROR_STOP=1',
                '-AtF',
                '\t',
                '-c',
                words,
              ],
              { encoding: 'utf8' },
            )
          : execFileSync(
              'mariadb',
              [
                '--no-defaults',
                `--socket=${server.folder}/socket`,
                '--user=root',
                '-N',
                '-B',
                database,
                '-e',
                words,
              ],
              { encoding: 'utf8' },
            );
      const psql = (words: string): void => void ask(words);
      const mariadb = (words: string): void => void ask(words);
      return {
        say: isPostgres ? psql : mariadb,
        tokens: () =>
          ask(`select token, spam_hits, innocent_hits from dspam_token_data`)
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => line.split('\t'))
            .map(([token = '', spam, innocent]) => ({
              token,
              spam: Number(spam),
              innocent: Number(innocent),
            })),
        location: isPostgres
          ? `dspam-${server.location.replace('/postgres?', `/${database}?`)}`
          : `dspam-${server.location.replace('/tamis?', `/${database}?`)}`,
      };
    };

    describe.each(
      schemas.filter(({ server: one }) => one === kind.name).map((schema, at) => ({ schema, at })),
    )('$schema.name:', ({ schema, at }) => {
      let store: Store;
      let tables: Tables;
      const virtual = schema.tables.includes('dspam_virtual_uids');
      beforeAll(async () => {
        const database = `dspam${at}`;
        client(kind.name === 'postgres' ? 'postgres' : 'mysql').say(`create database ${database}`);
        const own = client(database);
        for (const words of schema.tables.split(';').filter((words) => words.trim() !== '')) own.say(words);
        tables = own;
        store = await openStore(own.location, '/nowhere');
        await store.init();
      });
      afterAll(async () => {
        await store.close();
      });
      inPlace(() => ({
        store,
        tables,
        user: virtual ? 'joe@example.org' : userInfo().username,
        uid: virtual ? '9' : String(userInfo().uid),
        literal: schema.literal,
      }));
    });
  });
});

describe('on SQLite', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'tamis-dspam-'));
  const folder = path.join(home, 'data', 'example.org', 'joe');
  const file = path.join(folder, 'joe.sdb');
  let store: Store;
  let database: SQLite.Database;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    database = new SQLite(file);
    database.exec(sqliteTables);
    store = await openStore(`dspam-sqlite:${home}`, '/nowhere');
    await store.init();
  });
  afterAll(async () => {
    await store.close();
    database.close();
    rmSync(home, { recursive: true });
  });
  inPlace(() => ({
    store,
    user: 'joe@example.org',
    uid: '',
    literal: (key) => `'${key.toString()}'`,
    tables: {
      say: (words) => {
        database.exec(words);
      },
      tokens: () =>
        database
          .prepare<[], Token>(
            'select token, spam_hits as spam, innocent_hits as innocent from dspam_token_data',
          )
          .all(),
    },
  }));

  test('the program judges and learns there, and leaves the file as DSPAM made it', () => {
    const place = new Place();
    const setting = [`--set=store=dspam-sqlite:${home}`, '--set=engine=dspam', '--user=joe@example.org'];
    const before = place.run(['stats', '--json', ...setting]);
    expect(before.said).toEqual([]);
    const message = messageOf('spam27').toString('latin1');
    const judged = place.run(setting, { stdin: message });
    expect(judged).toMatchObject({ status: 0, said: [] });
    expect(judged.stdout).toContain('X-DSPAM-Signature: ');
    const signature = /^X-DSPAM-Signature: (\S+)/mu.exec(judged.stdout)?.[1] ?? '';
    const found = database
      .prepare<[string], { data: Buffer }>('select data from dspam_signature_data where signature = ?')
      .get(signature);
    expect((found?.data.length ?? 1) % 16).toBe(0);
    const taught = place.run(['--class=spam', '--source=error', `--signature=${signature}`, ...setting], {
      stdin: '',
    });
    expect(taught).toMatchObject({ status: 0, said: [] });
    expect(database.pragma('journal_mode', { simple: true })).toBe('delete');
    place.remove();
  });

  test('who has no file is not made one', async () => {
    await expect(store.open('../../etc/x', { create: true })).rejects.toMatchObject({ code: 'USER' });
    expect(await store.open('../example.org/joe', { create: false })).toBeUndefined();
  });
});
