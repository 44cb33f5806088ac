/** `tamis import dspam --from`, as a process. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { TamisError } from '../../src/errors.ts';
import type { Facts } from '../../src/import/fact.ts';
import { importSource } from '../../src/import/import.ts';
import { openSource, type Source } from '../../src/import/source.ts';
import { LevelStore } from '../../src/store/level/level-store.ts';
import { counters, type Totals } from '../../src/store/contract.ts';
import { mail } from '../cli/mail.ts';
import { Place, type Outcome } from '../cli/tamis.ts';
import { css, joe, mysqldump, viagra, writeLatin1, type SiteUser } from './site.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => {
  place.remove();
});

const ann: SiteUser = {
  ...joe,
  uid: 7,
  name: 'Ann@example.org',
  tokens: [
    [viagra, 1, 1],
    [9n, 5, 0],
  ],
  signatures: [],
};

/** A user of 20,000 tokens. */
const big: SiteUser = {
  ...joe,
  tokens: Array.from({ length: 20_000 }, (_, at) => [BigInt(at + 1) * 922_337_203_685_477n, at % 9, 1]),
};

function importDspam(...args: string[]): Outcome {
  return place.run(['import', 'dspam', ...args]);
}

/** Tokens with hits of a user, in the order of their keys; undefined if there is no such user. */
async function tokensOf(user: string): Promise<[bigint, number, number][] | undefined> {
  const store = new LevelStore(place.home);
  const opened = await store.open(user, { create: false });
  const found: [bigint, number, number][] = [];
  for await (const { keys, values } of opened?.tokens() ?? []) {
    for (const [at, key] of keys.entries()) found.push([key, values[2 * at] ?? 0, values[2 * at + 1] ?? 0]);
  }
  await store.close();
  return opened === undefined ? undefined : found;
}

function sorted({ tokens }: SiteUser): unknown[] {
  return [...tokens].sort(([one], [other]) => (one < other ? -1 : 1)).map((token) => [...token]);
}

function statsOf(user: string): Totals {
  return JSON.parse(place.run(['stats', '--user', user, '--json']).stdout) as Totals;
}

describe('tamis import dspam --from', () => {
  test('takes tokens, totals and signatures of all users of a dump, by their names', async () => {
    writeLatin1(place.path('dump.sql'), mysqldump([joe, ann]));
    const { status, stdout, stderr } = importDspam('--from', place.path('dump.sql'), '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      form: 'file of SQL',
      nameless: {},
      users: [
        { user: 'joe@example.org', tokens: 5, before: 0, after: 5, sampled: 5, signatures: 1, expired: 0 },
        { user: 'ann@example.org', tokens: 2, before: 0, after: 2, sampled: 2, signatures: 0, known: false },
      ],
    });
    expect(await tokensOf('joe@example.org')).toEqual(sorted(joe));
    expect(await tokensOf('ann@example.org')).toEqual(sorted(ann));
    const [names, values] = [counters.filter((name) => name.startsWith('dspam')), joe.totals];
    const totals = statsOf('joe@example.org');
    expect(names.map((name) => totals[name])).toEqual(values);
  });

  test('takes one user of many, and says so if there is none of that name', async () => {
    writeLatin1(place.path('dump.sql'), mysqldump([joe, ann]));
    expect(importDspam('--from', place.path('dump.sql'), '--user=ANN@example.org').status).toBe(0);
    expect(await tokensOf('joe@example.org')).toBeUndefined();
    expect(await tokensOf('ann@example.org')).toHaveLength(2);
    const outcome = importDspam('--from', place.path('dump.sql'), '--user=kim');
    expect(outcome).toMatchObject({ status: 66, stderr: 'tamis: The source has nothing of "kim".\n' });
  });

  test('a file of one user is of whom its name tells, or the command line', async () => {
    writeFileSync(place.path('joe.css'), css(joe, 64));
    expect(importDspam('--from', place.path('joe.css')).stdout).toMatch(/^joe: 5 tokens imported/);
    expect(importDspam('--from', place.path('joe.css'), '--user=lee').stdout).toMatch(
      /^lee: 5 tokens imported/,
    );
    expect(await tokensOf('lee')).toEqual(sorted(joe));
  });

  test('where a source lacks the totals they are the most hits of a token', () => {
    const dump = mysqldump([joe, ann]).replace(/^INSERT INTO `dspam_stats`.*\n/m, '');
    writeLatin1(place.path('dump.sql'), dump);
    expect(importDspam('--from', place.path('dump.sql')).status).toBe(0);
    expect(statsOf('joe@example.org')).toMatchObject({
      dspamSpamLearned: 2_000_000,
      dspamInnocentLearned: 7,
    });
    expect(statsOf('ann@example.org')).toMatchObject({ dspamSpamLearned: 5, dspamInnocentLearned: 1 });
  });

  test('a source that does not tell whose it is needs a user', () => {
    writeLatin1(place.path('dump'), '42                   S: 00001  I: 00002  P: 0.4000\n');
    expect(importDspam('--from', place.path('dump'))).toMatchObject({ status: 64, stdout: '' });
    expect(importDspam('--from', place.path('dump'), '--user=joe').status).toBe(0);
  });

  test('users without a name are left out with a line, and an error if there are no others', () => {
    const nameless = mysqldump([joe, ann]).replace(",(7,'Ann@example.org')", '');
    writeLatin1(place.path('dump.sql'), nameless);
    const { stdout, stderr } = importDspam('--from', place.path('dump.sql'));
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('tamis: uid 7 has no name in the source; its 2 rows were left out.\n');
  });

  test('takes the preferences of users; those of the site, and those that tamis does not have, are told of', () => {
    const dump = [
      mysqldump([joe], { bare: true }),
      "INSERT INTO `dspam_preferences` VALUES (3,'trainingMode','TOE'),(3,'enableWhitelist','on'),(3,'optOut','off'),(3,'dailyQuarantineSummary','on'),(3,'spamAction','explode'),(0,'spamSubject','[S]');",
    ].join('\n');
    writeLatin1(place.path('dump.sql'), dump);
    const { said } = importDspam('--from', place.path('dump.sql'));
    expect(said).toEqual([
      'tamis: the site has preferences of its own, which are for you to put into tamis.toml: spamSubject=[S]',
      'tamis: joe@example.org: preferences that tamis does not have were left out: dailyQuarantineSummary=on, spamAction=explode',
    ]);
    const inForce = importDspam('--from', place.path('dump.sql'), '--set', 'spamSubject=[S]').said;
    expect(inForce).toEqual([expect.stringContaining('joe@example.org: preferences that tamis')]);
    const list = JSON.parse(
      place.run(['prefs', 'list', '--user=joe@example.org', '--json']).stdout,
    ) as unknown;
    expect(list).toMatchObject({
      trainingMode: 'toe',
      enableWhitelist: true,
      optOut: false,
      spamAction: 'quarantine',
    });
  });

  test('a source that is broken when it is read again says that it changed, and does not count', async () => {
    const config = loadConfig({ home: place.home }, { TAMIS_CONFIG: '/dev/null' });
    writeFileSync(place.path('joe.css'), css(big, 64));
    const whole = openSource(place.path('joe.css'), false);
    const cut = async function* (): Facts {
      let chunks = 0;
      for await (const chunk of whole.facts()) {
        if (++chunks > 2) throw new TamisError('INPUT', 'joe.css, byte 9: It ends. Nothing was imported.');
        yield chunk;
      }
    };
    let readings = 0;
    const source: Source = { form: 'hash file', facts: () => (readings++ === 0 ? whole.facts() : cut()) };
    const watch = { begin: () => undefined, step: () => undefined, end: () => undefined };
    await expect(importSource(config, source, undefined, watch)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('it changed meanwhile') as unknown,
      cause: new Error('joe.css, byte 9: It ends.'),
    });
    expect(importDspam('--from', place.path('joe.css')).stdout).toMatch(/^joe: 20000 tokens imported/);
    expect(await tokensOf('joe')).toEqual(sorted(big));
  });

  test("takes a user's blocklist, which is honoured", () => {
    mkdirSync(place.path('dspam', 'data', 'joe'), { recursive: true });
    writeFileSync(place.path('dspam', 'data', 'joe', 'joe.css'), css(joe, 64));
    writeFileSync(place.path('dspam', 'data', 'joe', 'joe.blocklist'), 'example.org\nno domain\n');
    const { said } = importDspam('--from', place.path('dspam'));
    expect(said).toEqual([
      'tamis: joe: preferences that tamis does not have were left out: blocklist line=no domain',
    ]);
    const before = statsOf('joe');
    const judge = (...words: string[]): string =>
      place.run(['--user=joe', ...words], { stdin: mail({ id: 'x' }) }).stdout;
    expect(judge('--deliver=summary')).toBe(
      'X-DSPAM-Result: joe; result="Spam"; class="Blocklisted"; probability=1.0000; confidence=1.00; signature=N/A\n',
    );
    expect(judge()).toContain('\nX-DSPAM-Result: Spam\n');
    expect(statsOf('joe')).toEqual(before);
    place.run(['prefs', 'set', 'blocklist', 'example.com', '--user=joe']);
    expect(judge('--classify')).toContain('class="Innocent"');
  });

  test('a second time nothing is counted twice; another source for the same user is refused', async () => {
    writeLatin1(place.path('dump.sql'), mysqldump([joe]));
    importDspam('--from', place.path('dump.sql'));
    const again = importDspam('--from', place.path('dump.sql'));
    expect(again.stdout).toBe(
      'joe@example.org: was imported before, nothing was changed; the store has 5 tokens\n',
    );
    writeLatin1(place.path('later.sql'), mysqldump([{ ...joe, totals: [1, 2, 3, 4, 5, 6, 7, 8] }, ann]));
    const other = importDspam('--from', place.path('later.sql'));
    expect(other).toMatchObject({ status: 64, stdout: '' });
    expect(other.stderr).toMatch(/^tamis: For "joe@example\.org" another source was imported before/);
    expect(await tokensOf('joe@example.org')).toEqual(sorted(joe));
    expect(await tokensOf('ann@example.org')).toBeUndefined();
  });

  test.each([
    ['the last row', (dump: string) => dump.slice(0, dump.indexOf('dspam_virtual_uids') + 40)],
    ['the first row', (dump: string) => dump.replace('VALUES (3,', 'VALUES (3,x')],
  ])('what is broken in %s is not imported in part', (_, breaks) => {
    writeLatin1(place.path('dump.sql'), breaks(mysqldump([big])));
    const outcome = importDspam('--from', place.path('dump.sql'));
    expect(outcome).toMatchObject({ status: 66, stdout: '' });
    expect(outcome.said).toHaveLength(1);
    expect(outcome.said[0]).toMatch(/^\S+ \S+dump\.sql, line \d+ /);
    expect(place.tree()).toEqual({});
  });

  test.each(['', '/nowhere/dump.sql'])('a source that is not there (%j) is an error', (from) => {
    expect(importDspam(`--from=${from}`)).toMatchObject({ status: 66, stdout: '' });
  });

  test('goes on where it was killed, and counts every token once', async () => {
    writeLatin1(place.path('dump.sql'), mysqldump([big]));
    const running = place.start(['import', 'dspam', '--from', place.path('dump.sql')]);
    const ended = new Promise((resolve) => running.once('exit', resolve));
    // Killed once the first tokens are there, which the home shows.
    while (running.exitCode === null && Object.keys(place.tree()).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 2));
    running.kill('SIGKILL');
    await ended;
    const { status, stdout } = importDspam('--from', place.path('dump.sql'), '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ users: [{ tokens: 20_000, after: 20_000 }] });
    expect(await tokensOf('joe@example.org')).toEqual(sorted(big));
    expect(statsOf('joe@example.org').dspamSpamLearned).toBe(joe.totals[0]);
  });

  test("a message is judged by DSPAM's engine with the old tokens, and retrained by an old signature", async () => {
    writeLatin1(place.path('dump.sql'), mysqldump([joe]));
    importDspam('--from', place.path('dump.sql'));
    const old = '3,6b0360fc154471170017774';
    const retrain = ['--set=engine=dspam', '--user=joe@example.org', '--class=innocent', '--source=error'];
    const first = place.run([...retrain, `--signature=${old}`]);
    expect(first.status).toBe(0);
    expect(await tokensOf('joe@example.org')).toEqual(
      sorted({
        ...joe,
        tokens: joe.tokens.map(([key, s, i], at) => (at < 2 ? [key, s - 1, i + 1] : [key, s, i])),
      }),
    );
    // Once, however often it is told; DSPAM counts it again.
    place.run([...retrain, `--signature=${old}`]);
    const tagged = mail({ id: 'forwarded', body: `Look:\n\n!DSPAM:${old}!\n` });
    place.run(retrain, { stdin: tagged });
    expect(statsOf('joe@example.org').dspamInnocentMisclassified).toBe((joe.totals[3] ?? 0) + 1);
  });
});

test('explain says that another engine judges', () => {
  writeLatin1(place.path('dump.sql'), mysqldump([joe]));
  importDspam('--from', place.path('dump.sql'));
  const explain = (...words: string[]): string =>
    place.run(['explain', '--user=joe@example.org', ...words], { stdin: mail({ id: 'x' }) }).stdout;
  expect(explain()).toContain("\nDSPAM's engine judges the mail of joe@example.org; this is what tamis'");
  expect(JSON.parse(explain('--json'))).toMatchObject({ judge: 'dspam' });
  expect(JSON.parse(explain('--json', '--set=engine=tamis'))).toMatchObject({ judge: 'tamis' });
});

describe('tamis export', () => {
  test('--format=dspam prints the lines of dspam_dump that were imported', () => {
    const dump = readFileSync(new URL('captures/68-dspam_dump.txt', import.meta.url), 'latin1');
    writeLatin1(place.path('dump.txt'), dump);
    importDspam('--from', place.path('dump.txt'), '--user=joe');
    const { stdout } = place.run(['export', '--user=joe', '--format=dspam']);
    const lines = (text: string): string[] =>
      text.replaceAll('21:35:45', '00:00:00').split('\n').filter(Boolean).sort();
    expect(lines(stdout)).toEqual(lines(dump));
  });

  test('--format=json has the tokens of DSPAM, what tamis learned and the totals', () => {
    writeLatin1(
      place.path('dump.txt'),
      '18446744073709551615 S: 00001  I: 00002  P: 0.4000 LH: Sun Nov 22 21:35:45 2026\n',
    );
    importDspam('--from', place.path('dump.txt'), '--user=joe');
    place.run(['--user=joe', '--class=spam', '--source=corpus', '--set=engine=tamis'], {
      stdin: mail({ id: 'x' }),
    });
    expect(place.run(['export', '--user=joe', '--json'])).toEqual(
      place.run(['export', '--user=joe', '--format=json']),
    );
    const all = JSON.parse(place.run(['export', '--user=joe', '--format=json']).stdout) as Record<
      string,
      unknown
    >;
    expect(all).toMatchObject({
      user: 'joe',
      totals: { spamLearned: 1, dspamInnocentLearned: 2 },
      tokens: [{ token: '18446744073709551615', spam: 1, innocent: 2, lastHit: '2026-11-22' }],
    });
    expect(all['features']).toContainEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
  });

  test.each([
    [['--user=kim', '--format=dspam'], 64],
    [['--user=kim'], 64],
    [['--user=kim', '--format=csv'], 64],
  ])('%j is an error', (args, status) => {
    expect(place.run(['export', ...args])).toMatchObject({ status, stdout: '' });
  });
});

describe('tamis purge', () => {
  const day = Math.floor(Date.now() / 86_400_000);
  const aged = (...rows: [token: number, spam: number, innocent: number, age: number][]): string =>
    [
      'insert into dspam_stats (uid, spam_learned, innocent_learned, spam_misclassified, innocent_misclassified, spam_corpusfed, innocent_corpusfed, spam_classified, innocent_classified) values(4000000, 100, 100, 0, 0, 0, 0, 0, 0);',
      ...rows.map(
        ([token, spam, innocent, age]) =>
          `insert into dspam_token_data (uid, token, spam_hits, innocent_hits, last_hit) values(4000000, "${token}", ${spam}, ${innocent}, ${(day - age) * 86_400});`,
      ),
    ].join('\n');

  test.each([
    [[], [2, 4, 6, 8, 10, 12]],
    [['--set=trainingMode=toe'], [2, 4, 6, 8, 9, 10, 12]],
    [['--set=trainingMode=tum'], [2, 4, 6, 8, 10, 12]],
    [['--set=pValue=markov'], [2, 4, 6, 8, 10, 12]],
    [
      ['--set=purgeHapaxes=0', '--set=purgeHits1S=0'],
      [1, 2, 3, 4, 6, 8, 10, 11, 12],
    ],
  ])('%j removes what is old and says little', async (settings, left) => {
    const rows = aged(
      [1, 4, 0, 32],
      [2, 4, 0, 28],
      [3, 1, 0, 17],
      [4, 1, 0, 13],
      [5, 0, 1, 17],
      [6, 0, 1, 13],
      [7, 40, 20, 92],
      [8, 40, 20, 88],
      [9, 49, 0, 92],
      [10, 49, 0, 88],
      [11, 0, 2, 32],
      [12, 0, 3, 32],
    );
    writeLatin1(place.path('dump.sql'), rows);
    importDspam('--from', place.path('dump.sql'), '--user=joe');
    const { stdout } = place.run(['purge', '--json', ...settings]);
    expect((await tokensOf('joe'))?.map(([token]) => Number(token))).toEqual(left);
    expect(JSON.parse(stdout)).toEqual({ users: 1, purged: 0, tokens: 12 - left.length });
  });
});
