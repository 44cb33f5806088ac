/** Every format that DSPAM keeps its data in tells the same. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from '../cli/tamis.ts';
import { check, checkSigned, factsOf, refusalOf, tokensOf } from './facts.ts';
import {
  control,
  css,
  date,
  day,
  joe,
  mysqldump,
  signatureData,
  viagra,
  writeLatin1,
  writeSqlite,
} from './site.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
});
afterAll(() => {
  place.remove();
});

describe('a hash file', () => {
  test.each([64, 32] as const)('of a machine of %d bits', async (bits) => {
    const file = place.path(`joe${bits}.css`);
    writeFileSync(file, css(joe, bits));
    const facts = await factsOf(file);
    check(facts);
    expect(facts[0]?.kind === 'totals' && facts[0].owner).toEqual({ name: `joe${bits}` });
  });

  test.each([64, 32] as const)('of several extents, %d bits', async (bits) => {
    const file = place.path(`more${bits}.css`);
    writeFileSync(file, css(joe, bits, [98_317, 49_157, 54_073]));
    check(await factsOf(file));
  });

  test.each([
    [64, 1_000_000, 'byte 0'],
    [64, 2_359_687, 'byte 0'],
    [32, 1_000_000, 'byte 0'],
    [64, 2_359_688 + 40, 'byte 2359688'],
    [32, 1_573_112 + 100_000, 'byte 1573112'],
    [64, 30, 'byte 0'],
  ] as const)('of %d bits that was cut to %d bytes is an error with the place', async (bits, length, at) => {
    const file = place.path('cut.css');
    writeFileSync(file, css(joe, bits, [98_317, 49_157]).subarray(0, length));
    await expect(factsOf(file)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining(`${file}, ${at}: `) as unknown,
    });
  });

  test('with counters that cannot be is an error with the place', async () => {
    const bytes = css({ ...joe, tokens: [[5n, 1, 1]] }, 64);
    bytes.writeUInt32LE(1, 80 + 5 * 24 + 12);
    writeFileSync(place.path('bad.css'), bytes);
    await expect(factsOf(place.path('bad.css'))).rejects.toThrow(/bad\.css, byte 200: /);
  });
});

describe('a file of SQLite', () => {
  test('as the driver writes it', async () => {
    writeSqlite(place.path('joe.sdb'), joe);
    const facts = await factsOf(place.path('joe.sdb'));
    check(facts);
    checkSigned(facts);
    expect(
      facts.every((fact) => fact.kind === 'name' || JSON.stringify(fact.owner) === '{"name":"joe"}'),
    ).toBe(true);
  });

  test('that was cut is an error with the place', async () => {
    const bytes = readFileSync(place.path('joe.sdb'));
    writeFileSync(place.path('cut.sdb'), bytes.subarray(0, bytes.length - 5000));
    await expect(factsOf(place.path('cut.sdb'))).rejects.toThrow(
      `cut.sdb, byte ${bytes.length - 5000}: The file ends here`,
    );
  });

  test('that is damaged where its rows are is an error', async () => {
    const bytes = readFileSync(place.path('joe.sdb'));
    // The page of the tokens: where its cells begin.
    bytes.fill(0xaa, 4096 + 8, 4096 + 20);
    writeFileSync(place.path('damaged.sdb'), bytes);
    expect(await refusalOf(place.path('damaged.sdb'))).toContain(
      'damaged.sdb: SQLite finds the file damaged: ',
    );
  });

  test('of SQLite 2 is an error that says what to do', async () => {
    writeLatin1(
      place.path('two.sdb'),
      '** This file contains an SQLite 2.1 database **\0'.padEnd(2048, '\0'),
    );
    await expect(factsOf(place.path('two.sdb'))).rejects.toThrow(/\.dump/);
  });
});

describe('a file of mysqldump', () => {
  test.each([
    ['as usual', {}],
    ['with --hex-blob', { hexBlob: true }],
    ['with the names of columns, one row in each statement', { columns: true, oneRowEach: true }],
    ['of the old schema, tokens as text', { textTokens: true }],
    ['with --compact', { bare: true }],
  ])('%s', async (_, style) => {
    const file = place.path('mysql.sql');
    writeLatin1(file, mysqldump([joe], style));
    const facts = await factsOf(file);
    check(facts);
    checkSigned(facts);
    expect(facts).toContainEqual({ kind: 'name', uid: 3, name: joe.name });
    expect(facts.filter((fact) => fact.kind === 'token').every((fact) => fact.day === day)).toBe(true);
    expect(tokensOf(facts).flat()).not.toContain(control);
  });

  test('in pieces of any length, however long the lines', async () => {
    const tokens = Array.from(
      { length: 60_000 },
      (_, at) => [BigInt(at) * 307_445_734_561_825n + 1n, at, 1] as const,
    );
    writeLatin1(place.path('long.sql'), mysqldump([{ ...joe, tokens }]));
    expect(tokensOf(await factsOf(place.path('long.sql')))).toEqual(tokens.map((token) => [...token]));
  });

  const dump = mysqldump([joe]);
  const rows = dump.indexOf('VALUES (3,');
  const line = dump.slice(0, rows).split('\n').length;

  test.each([
    ['in the middle of a number', rows + 20],
    ['in the middle of a text', dump.indexOf("','", rows) - 3],
    ['between two rows', dump.indexOf('),(', rows) + 2],
    ['before its last line', dump.indexOf('-- Dump completed')],
  ])('cut %s is an error with the line', async (_, length) => {
    writeLatin1(place.path('cut.sql'), dump.slice(0, length));
    expect(await refusalOf(place.path('cut.sql'))).toMatch(
      /^\S+cut\.sql, line \d+ \(byte \d+\): The file ends in the middle/,
    );
  });

  test.each([
    ['UTF-16', Buffer.from(`\ufeff${dump}`, 'utf16le'), 'byte 0: It is in UTF-16'],
    [
      'UTF-16 without a mark',
      Buffer.from(dump, 'utf16le'),
      'byte 1: This is no text: it has a NUL byte. If it is in UTF-16',
    ],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'byte 0: It is compressed by gzip'],
    ['an archive of pg_dump', Buffer.from('PGDMP\x01'), 'pg_restore'],
    [
      'blobs that were taken for Latin-1 and written as UTF-8',
      Buffer.from(dump, 'utf8'),
      'saved in another charset; dump it again with --hex-blob',
    ],
    [
      'a name in which a program has replaced what it could not read',
      Buffer.from(mysqldump([{ ...joe, name: 'j\ufffd@example.org' }], { hexBlob: true })),
      'The column username of dspam_virtual_uids says',
    ],
    [
      'no table of DSPAM',
      Buffer.from('CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n'),
      'no row of a table of DSPAM',
    ],
  ])('%s is an error that says so', async (_, bytes, sentence) => {
    writeFileSync(place.path('wrong.sql'), bytes);
    expect(await refusalOf(place.path('wrong.sql'))).toContain(sentence);
  });

  test.each([
    ['a token that is none', '(3,18446744073709551616,1,1,NULL)', 'column token'],
    ['a token as a word', "(3,'viagra',1,1,NULL)", 'column token'],
    ['hits that are none', "(3,5,'many',1,NULL)", 'column spam_hits'],
    ['a date that is none', "(3,5,1,1,'soon')", 'column last_hit'],
    ['a user that is none', '(joe,5,1,1,NULL)', 'column uid'],
    ['too few values', '(3,5,1)', '3 values'],
  ])('%s is an error with the line', async (_, row, what) => {
    const wrong = dump.replace('VALUES (3,', `VALUES (3,1,1,1,NULL),\n${row},(3,`);
    writeLatin1(place.path('row.sql'), wrong);
    const message = await refusalOf(place.path('row.sql'));
    expect(message).toContain(`row.sql, line ${line + 1} (byte `);
    expect(message).toContain(what);
  });

  test('a schema that is not known is an error that says what it has', async () => {
    writeLatin1(
      place.path('schema.sql'),
      'INSERT INTO dspam_token_data (uid, word, hits) VALUES (1, 2, 3);\n',
    );
    expect(await refusalOf(place.path('schema.sql'))).toContain(
      'line 1 (byte 54): The table dspam_token_data has the columns uid, word, hits, which is no schema',
    );
  });
});

describe('a file of pg_dump', () => {
  const captures = join(import.meta.dirname, 'captures');

  test.each(['P10-pg_dump.sql', 'P11-pg_dump-inserts.sql'])('%s, recorded from a site', async (name) => {
    const facts = await factsOf(join(captures, name));
    expect(tokensOf(facts)).toHaveLength(215);
    expect(tokensOf(facts)).toContainEqual([viagra, 1, 0]);
    // The least of the site's signed tokens.
    expect(tokensOf(facts)).toContainEqual([2n ** 64n - 9166190851346918799n, 0, 2]);
    const signatures = facts.filter((fact) => fact.kind === 'signature');
    expect(signatures.map(({ id, data }) => [id, data.length])).toEqual([
      ['1,6b0360fc154471170017774', 2032],
      ['1,6b0360fc155361072212586', 2032],
    ]);
    expect(facts).toContainEqual({ kind: 'totals', owner: { uid: 1 }, totals: [1, 2, 0, 0, 1, 0, 0, 0] });
    expect(facts).toContainEqual({ kind: 'name', uid: 1, name: 'test@example.org' });
  });

  test('cut in its rows, or before its last line, is an error with the line', async () => {
    const dump = readFileSync(join(captures, 'P10-pg_dump.sql'), 'latin1');
    for (const end of [
      dump.indexOf('\n', dump.indexOf('COPY public.dspam_token_data') + 300),
      dump.indexOf('-- PostgreSQL database dump complete'),
    ]) {
      writeLatin1(place.path('pg.sql'), dump.slice(0, end));
      expect(await refusalOf(place.path('pg.sql'))).toMatch(
        /^\S+pg\.sql, line \d+ \(byte \d+\): The file ends/,
      );
    }
  });

  test('of an old site, unsigned NUMERIC(20) and blobs as escaped text', async () => {
    writeLatin1(
      place.path('old.sql'),
      [
        'SET standard_conforming_strings = off;',
        'COPY dspam_token_data (token, uid, spam_hits, innocent_hits, last_hit) FROM stdin;',
        `18446744073709551615\t3\t1\t0\t${date}`,
        '\\.',
        'COPY dspam_signature_data (uid, signature, data, length, created_on) FROM stdin;',
        `3\tabc\t\\\\x0001\t2\t${date}`,
        '\\.',
      ].join('\n'),
    );
    const facts = await factsOf(place.path('old.sql'));
    expect(tokensOf(facts)).toEqual([[2n ** 64n - 1n, 1, 0]]);
    expect(facts.find((fact) => fact.kind === 'signature')?.data).toEqual(Buffer.from([0, 1]));
  });
});

describe("the output of DSPAM's own tools", () => {
  test('dspam_dump, recorded from a site', async () => {
    const facts = await factsOf(join(import.meta.dirname, 'captures/68-dspam_dump.txt'));
    expect(tokensOf(facts)).toHaveLength(353);
    expect(facts[0]).toEqual({
      kind: 'token',
      owner: undefined,
      token: 561894859399993485n,
      spam: 12,
      innocent: 4,
      day: Date.UTC(2026, 10, 22) / 86_400_000,
    });
  });

  test('dspam_dump, cut anywhere in a line', async () => {
    const dump = readFileSync(join(import.meta.dirname, 'captures/68-dspam_dump.txt'), 'latin1');
    const begin = dump.lastIndexOf('\n', 1000) + 1;
    for (let cut = begin + 1; dump[cut - 1] !== '\n'; cut++) {
      writeLatin1(place.path('dump.txt'), dump.slice(0, cut));
      await expect(factsOf(place.path('dump.txt'))).rejects.toThrow(/dump\.txt, line 13: /);
    }
  });

  test('dspam_2sql', async () => {
    const names =
      'spam_learned, innocent_learned, spam_misclassified, innocent_misclassified, spam_corpusfed, innocent_corpusfed, spam_classified, innocent_classified';
    const lines = [
      `insert into dspam_stats (uid, ${names}) values(3, ${joe.totals.join(', ')});`,
      ...joe.tokens.map(
        ([token, spam, innocent]) =>
          `insert into dspam_token_data (uid, token, spam_hits, innocent_hits, last_hit) values(3, "${token}", ${spam}, ${innocent}, ${day * 86_400 + 99});`,
      ),
    ];
    writeLatin1(place.path('2sql.sql'), `${lines.join('\n')}\n`);
    const facts = await factsOf(place.path('2sql.sql'));
    check(facts);
    expect(facts.at(-1)).toMatchObject({ owner: { uid: 3 }, day });
  });

  test('dspam_dump -d sqlite_drv, whose statements do not end', async () => {
    const names =
      'dspam_stat_id, spam_learned, innocent_learned, spam_misclassified, innocent_misclassified, spam_corpusfed, innocent_corpusfed, spam_classified, innocent_classified';
    const lines = [
      `insert into dspam_stats (${names}) values(0, ${joe.totals.join(', ')})`,
      ...joe.tokens.map(
        ([token, spam, innocent]) =>
          `insert into dspam_token_data(token, spam_hits, innocent_hits, last_hit) values('${token}', ${spam}, ${innocent}, date('now'))`,
      ),
    ];
    writeLatin1(place.path('drv.sql'), `${lines.join('\n')}\n`);
    check(await factsOf(place.path('drv.sql'), true));
  });
});

describe("a site's home", () => {
  test('in each of its layouts, with signatures, preferences and opt-in files', async () => {
    const home = place.path('dspam');
    const put = (name: string, bytes: string | Buffer): void => {
      mkdirSync(join(home, name, '..'), { recursive: true });
      writeFileSync(join(home, name), bytes);
    };
    put('data/kim/kim.css', css(joe, 64));
    put('data/example.org/joe/joe.css', css(joe, 32));
    put('data/example.org/joe/joe.sig/6b0360fc15.sig', signatureData([viagra], false));
    put('data/local/ann/ann.css', css(joe, 64));
    put('data/l/e/lee/lee.css', css(joe, 64));
    put('data/kim/kim.prefs', '# of kim\nspamAction=tag\n\nspamSubject = [S]\n');
    put('data/kim/kim.blocklist', 'example.com\r\nads.example.org\n\njoe@example.net\n');
    put('data/l/e/lee/lee.blocklist', 'a.example.com\n'.repeat(1000));
    put('data/kim/kim.log', 'not read');
    put('default.prefs', 'trainingMode=TOE\n');
    put('opt-out/example.org/joe.nodspam', '');
    put('opt-in/kim.dspam', '');
    const facts = await factsOf(home);
    const names = facts.filter((fact) => fact.kind === 'totals').map((fact) => fact.owner);
    expect(names).toEqual([{ name: 'joe@example.org' }, { name: 'kim' }, { name: 'lee' }, { name: 'ann' }]);
    const told = facts.filter((fact) => fact.kind === 'preference');
    expect(told.map(({ owner, name, value }) => [owner, name, value])).toEqual([
      ['site', 'trainingMode', 'TOE'],
      [{ name: 'kim' }, 'blocklist', 'example.com,ads.example.org'],
      [{ name: 'kim' }, 'blocklist line', 'joe@example.net'],
      [{ name: 'kim' }, 'spamAction', 'tag'],
      [{ name: 'kim' }, 'spamSubject', '[S]'],
      [{ name: 'lee' }, 'blocklist of 1000 domains', 'too long'],
      [{ name: 'kim' }, 'optIn', 'on'],
      [{ name: 'joe@example.org' }, 'optOut', 'on'],
    ]);
    expect(facts.filter((fact) => fact.kind === 'signature').map(({ owner, id }) => [owner, id])).toEqual([
      [{ name: 'joe@example.org' }, '6b0360fc15'],
    ]);
  });

  test('with a directory where a file should be is an error with its name', async () => {
    const home = place.path('odd');
    mkdirSync(join(home, 'data/kim'), { recursive: true });
    writeFileSync(join(home, 'data/kim/kim.css'), css(joe, 64));
    mkdirSync(join(home, 'default.prefs'));
    expect(await refusalOf(home)).toContain(`${home}/default.prefs: It cannot be read: `);
  });
});
