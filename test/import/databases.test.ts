/** DSPAM's tables in running databases, in every form in which its drivers have made them. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from '../cli/tamis.ts';
import { describeWith } from '../peers.ts';
import { startMariadb, startPostgres, type Running } from '../store/servers.ts';
import { check, checkSigned, factsOf, refusalOf, tokensOf } from './facts.ts';
import { control, date, day, joe, signatureData } from './site.ts';

const totals =
  'spam_learned, innocent_learned, spam_misclassified, innocent_misclassified, spam_corpusfed, innocent_corpusfed, spam_classified, innocent_classified';
const counters = totals
  .split(', ')
  .map((name) => `${name} int not null`)
  .join(', ');

/** How a schema has its tables. */
interface Schema {
  /** The type of a token, and how one is written. */
  readonly token: string;
  readonly write: (token: bigint) => string;
  /** Behind each table. */
  readonly engine?: string;
}

const plain = (token: bigint): string => token.toString();
const signed = (token: bigint): string => BigInt.asIntN(64, token).toString();
const text = (token: bigint): string => `'${token}'`;

/** The tables of a site with one user, and what is in them. `bytes` writes a signature. */
function site(
  { token: type, write, engine = '' }: Schema,
  types: { readonly hits: string; readonly blob: string },
  bytes: (data: Buffer) => string,
): string {
  const [{ id, tokens } = { id: '', tokens: [] }] = joe.signatures;
  const data = signatureData(tokens, true);
  const rows = [...joe.tokens, [control, 5, 5] as const].map(
    ([token, spam, innocent]) => `(3, ${write(token)}, ${spam}, ${innocent}, '${date}')`,
  );
  return [
    `create table dspam_token_data (uid int, token ${type} not null, spam_hits ${types.hits}, innocent_hits ${types.hits}, last_hit date, unique (uid, token)) ${engine};`,
    `create table dspam_signature_data (uid int, signature varchar(128) not null, data ${types.blob} not null, length int, created_on date, unique (uid, signature)) ${engine};`,
    `create table dspam_stats (uid int primary key, ${counters}) ${engine};`,
    `create table dspam_preferences (uid int, preference varchar(32) not null, value varchar(64) not null, unique (uid, preference)) ${engine};`,
    `insert into dspam_token_data values ${rows.join(', ')};`,
    `insert into dspam_signature_data values (3, '${id}', ${bytes(data)}, ${data.length}, '${date}');`,
    `insert into dspam_stats (uid, ${totals}) values (3, ${joe.totals.join(', ')});`,
    "insert into dspam_preferences values (3, 'spamAction', 'tag'), (0, 'trainingMode', 'TOE');",
  ].join('\n');
}

/** The names of users; one may have several. */
function names(serial: string, ...all: readonly string[]): string {
  const rows = all.map((name) => `(3, '${name}')`).join(', ');
  return `create table dspam_virtual_uids (uid ${serial}, username varchar(128) not null, unique (username)); insert into dspam_virtual_uids values ${rows};`;
}

function checkSite(facts: Awaited<ReturnType<typeof factsOf>>): void {
  check(facts);
  checkSigned(facts);
  expect(facts.filter((fact) => fact.kind === 'token').every((fact) => fact.day === day)).toBe(true);
  expect(facts).toContainEqual({
    kind: 'preference',
    owner: { uid: 3 },
    name: 'spamAction',
    value: 'tag',
  });
  expect(facts).toContainEqual({ kind: 'preference', owner: 'site', name: 'trainingMode', value: 'TOE' });
}

let server: Running;
let made = 0;
let place: Place;

/** Imports as a process does. */
function importFrom(source: string): { status: number | null; stdout: string; stderr: string } {
  return place.run(['import', 'dspam', '--from', source]);
}

function checkImported(source: string): void {
  const { status, stdout } = importFrom(source);
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout:
      'joe@example.org: 5 tokens imported, the store had 0 and has 5, 5 looked at; 2000100 spam and 90 innocent messages learned; 1 signatures, 0 expired or without tokens; 1 preferences\n',
  });
  expect(importFrom(source).stdout).toContain('was imported before');
  expect(
    place
      .run(['export', '--user=joe@example.org', '--format=dspam'])
      .stdout.split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/P:.*/, ''))
      .sort(),
  ).toEqual(
    joe.tokens
      .map(([token, spam, innocent]) => {
        const digits = (count: number): string => String(count).padStart(5, '0');
        return `${token.toString().padEnd(20)} S: ${digits(spam)}  I: ${digits(innocent)}  `;
      })
      .sort(),
  );
}

/** What is broken is refused whole. */
function checkRefused(source: string, ...sentences: readonly string[]): void {
  const { status, stdout, stderr } = importFrom(source);
  expect({ status, stdout }).toEqual({ status: 66, stdout: '' });
  for (const sentence of sentences) expect(stderr).toContain(sentence);
  expect(stderr).toMatch(/ Nothing was imported\.\n$/);
  expect(place.run(['users', 'list']).stdout).toBe('');
}

describeWith(['mariadbd', 'mariadb-install-db', 'mariadb'], (_server, _install, client) => {
  beforeAll(async () => {
    place = new Place();
    server = await startMariadb();
  });
  afterAll(async () => {
    await server.stop();
    place.remove();
  });

  /** Makes a database; its address. */
  function database(...statements: readonly string[]): string {
    const name = `site${++made}`;
    const socket = `${server.folder}/socket`;
    const { status, stderr } = spawnSync(client, ['--no-defaults', `--socket=${socket}`, '--user=root'], {
      input: `create database ${name}; use ${name};\n${statements.join('\n')}`,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return server.location.replace('/tamis?', `/${name}?`);
  }

  const types = { hits: 'bigint unsigned', blob: 'longblob' };
  const bytes = (data: Buffer): string => `0x${data.toString('hex')}`;

  test.each<[string, Schema]>([
    ['mysql_objects-4.1.sql', { token: 'bigint unsigned', write: plain, engine: 'engine=MyISAM' }],
    ['converted to InnoDB', { token: 'bigint unsigned', write: plain, engine: 'engine=InnoDB' }],
    ['the old one for speed, tokens as text', { token: 'char(20)', write: text }],
    ['tokens as binary text', { token: 'varbinary(20)', write: text }],
    ['tokens that somebody has signed', { token: 'bigint', write: signed }],
    ['tokens as numbers of 20 digits', { token: 'decimal(20)', write: plain }],
    ['latin1', { token: 'bigint unsigned', write: plain, engine: 'charset=latin1' }],
    ['utf16', { token: 'char(20)', write: text, engine: 'charset=utf16' }],
  ])('%s', async (_, schema) => {
    const source = database(site(schema, types, bytes), names('int', joe.name));
    const facts = await factsOf(source);
    checkSite(facts);
    expect(facts).toContainEqual({ kind: 'name', uid: 3, name: joe.name });
  });

  test('is imported, once', () => {
    const source = database(
      site({ token: 'bigint unsigned', write: plain }, types, bytes),
      names('int', joe.name),
    );
    checkImported(source);
    place.run(['users', 'remove', joe.name]);
  });

  test('an alias is a user of its own', async () => {
    const source = database(
      site({ token: 'bigint unsigned', write: plain }, types, bytes),
      names('int', joe.name, 'jürgen@example.org'),
    );
    const facts = await factsOf(source);
    expect(facts.filter((fact) => fact.kind === 'name').map(({ name }) => name)).toEqual([
      joe.name,
      'jürgen@example.org',
    ]);
  });

  test('a uid without a name in the database is one of this machine', () => {
    const uid0 = site({ token: 'bigint unsigned', write: plain }, types, bytes).replaceAll('(3, ', '(1, ');
    const { status, stdout } = importFrom(database(uid0));
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^daemon: 5 tokens imported/) as unknown,
    });
    place.run(['users', 'remove', 'daemon']);
  });

  describe('is refused', () => {
    test.each<[string, string[], string]>([
      ['no table', [], 'This database has no table of DSPAM.'],
      [
        'a schema that is not known',
        [
          'create table dspam_token_data (uid int, hash bigint, hits int); insert into dspam_token_data values (1, 2, 3);',
        ],
        'The table dspam_token_data has the columns uid, hash, hits, which is no schema of DSPAM that is known',
      ],
      [
        'a token that is none',
        [
          site({ token: 'char(20)', write: text }, types, bytes),
          "insert into dspam_token_data values (3, 'viagra', 1, 1, now());",
        ],
        'row 7 of dspam_token_data: The column token of dspam_token_data says "viagra", which cannot be.',
      ],
      [
        'a signature that is cut',
        [
          site({ token: 'bigint unsigned', write: plain }, types, bytes),
          'update dspam_signature_data set length = length + 1;',
        ],
        'row 1 of dspam_signature_data: The column data of dspam_signature_data is not as long',
      ],
      [
        'a name that is not UTF-8',
        [
          site({ token: 'bigint unsigned', write: plain }, types, bytes),
          "create table dspam_virtual_uids (uid int, username varbinary(128)); insert into dspam_virtual_uids values (3, x'6a6f65ff');",
        ],
        'row 1 of dspam_virtual_uids: The column username of dspam_virtual_uids says',
      ],
    ])('%s', (_, statements, sentence) => {
      checkRefused(database(...statements), sentence);
    });

    test('a database that is not there, whose password is not told', () => {
      const source = server.location.replace('root@', 'nobody:topsecret@');
      checkRefused(source, 'The database cannot be read: ');
      expect(importFrom(source).stderr).not.toContain('topsecret');
    });
  });
});

describeWith(['initdb', 'postgres', 'psql'], (...programs) => {
  beforeAll(async () => {
    place = new Place();
    server = await startPostgres(programs);
  });
  afterAll(async () => {
    await server.stop();
    place.remove();
  });

  function database(encoding: string, ...statements: readonly string[]): string {
    const name = `site${++made}`;
    const run = (to: string, input: string): void => {
      const { status, stderr } = spawnSync(programs[2] ?? '', ['-q', '-v', 'ON_ERROR_STOP=1', to], {
        input,
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    };
    run(server.location, `create database ${name} encoding '${encoding}' template template0;`);
    const location = server.location.replace('/postgres?', `/${name}?`);
    run(location, ["set client_encoding to 'UTF8';", ...statements].join('\n'));
    return location;
  }

  const types = { hits: 'int', blob: 'bytea' };
  const bytes = (data: Buffer): string => `'\\x${data.toString('hex')}'`;

  test.each<[string, Schema, string]>([
    ['pgsql_objects.sql', { token: 'bigint', write: signed }, 'UTF8'],
    ['of an old site, unsigned', { token: 'numeric(20)', write: plain }, 'UTF8'],
    ['tokens as text', { token: 'varchar(20)', write: text }, 'UTF8'],
    ['tokens as padded text', { token: 'char(24)', write: text }, 'UTF8'],
    ['a database in LATIN1', { token: 'bigint', write: signed }, 'LATIN1'],
    ['a database in SQL_ASCII', { token: 'bigint', write: signed }, 'SQL_ASCII'],
  ])('%s', async (_, schema, encoding) => {
    const source = database(encoding, site(schema, types, bytes), names('int', joe.name));
    checkSite(await factsOf(source));
  });

  test('is imported, once', () => {
    const source = database(
      'UTF8',
      site({ token: 'bigint', write: signed }, types, bytes),
      names('int', joe.name),
    );
    checkImported(source);
    place.run(['users', 'remove', joe.name]);
  });

  test('only its tables of the search path count', async () => {
    const source = database(
      'UTF8',
      'create schema other; create table other.dspam_stats (x int);',
      site({ token: 'bigint', write: signed }, types, bytes),
      names('int', joe.name),
    );
    checkSite(await factsOf(source));
  });

  test('a name that is no text is refused', () => {
    const source = database(
      'SQL_ASCII',
      site({ token: 'bigint', write: signed }, types, bytes),
      names('int', 'joe'),
      "update dspam_virtual_uids set username = E'joe\\xff';",
    );
    checkRefused(source, 'The database cannot be read: invalid byte sequence for encoding "UTF8": 0xff.');
  });

  test('names in LATIN1 are the same in UTF-8', async () => {
    const source = database(
      'LATIN1',
      site({ token: 'bigint', write: signed }, types, bytes),
      names('int', 'jürgen@example.org'),
    );
    expect(await factsOf(source)).toContainEqual({ kind: 'name', uid: 3, name: 'jürgen@example.org' });
  });

  describe('is refused', () => {
    test.each<[string, string[], string]>([
      ['no table', [], 'This database has no table of DSPAM.'],
      [
        'a schema that is not known',
        ['create table dspam_stats (uid int, good int); insert into dspam_stats values (1, 2);'],
        'The table dspam_stats has the columns uid, good, which is no schema of DSPAM',
      ],
      [
        'a token that is greater than any',
        [
          site({ token: 'numeric(30)', write: plain }, types, bytes),
          `insert into dspam_token_data values (3, ${2n ** 64n}, 1, 1, now());`,
        ],
        'row 7 of dspam_token_data: The column token of dspam_token_data says "18446744073709551616"',
      ],
    ])('%s', (_, statements, sentence) => {
      checkRefused(database('UTF8', ...statements), sentence);
    });

    test('a database that is not there', async () => {
      expect(await refusalOf(server.location.replace('/postgres?', '/nowhere?'))).toContain(
        ': The database cannot be read: database "nowhere" does not exist.',
      );
    });
  });

  test('what is in the tables twice is added', async () => {
    const source = database(
      'UTF8',
      site({ token: 'bigint', write: signed }, types, bytes).replace(', unique (uid, token)', ''),
      names('int', joe.name),
      `insert into dspam_token_data values (3, 42, 1, 1, '${date}');`,
    );
    expect(tokensOf(await factsOf(source))).toContainEqual([42n, 1, 1]);
    const { stdout } = importFrom(source);
    expect(stdout).toMatch(/^joe@example\.org: 5 tokens imported/);
  });
});
