/**
 * A small DSPAM site, written in each of the formats that DSPAM keeps its data in (hash files, tables of SQL), from nothing but their description.
 */
import { writeFileSync } from 'node:fs';
import sqlite from 'node-sqlite3-wasm';

/** A token: key, spam hits, innocent hits. */
export type Token = readonly [key: bigint, spam: number, innocent: number];

/** What a user of the site has. */
export interface SiteUser {
  readonly uid: number;
  readonly name: string;
  readonly tokens: readonly Token[];
  /** The eight totals in DSPAM's order. */
  readonly totals: readonly number[];
  readonly signatures: readonly { readonly id: string; readonly tokens: readonly bigint[] }[];
}

/** The token of the word `viagra`, and two at the ends of what is signed. */
export const viagra = 6625426497525293056n;
export const greatest: bigint = 2n ** 64n - 1n;
export const control = 11624422384514212933n;

export const joe: SiteUser = {
  uid: 3,
  name: 'joe@example.org',
  tokens: [
    [viagra, 12, 4],
    [greatest, 1, 0],
    [2n ** 63n, 0, 7],
    [2n ** 63n - 1n, 3, 3],
    [42n, 2_000_000, 1],
  ],
  totals: [2_000_100, 90, 1, 2, 3, 4, 5, 6],
  signatures: [{ id: '3,6b0360fc154471170017774', tokens: [viagra, greatest] }],
};

/** The day of every last hit and signature, since 1970. */
export const day: number = Math.floor(Date.now() / 86_400_000) - 3;
export const date: string = new Date(day * 86_400_000).toISOString().slice(0, 10);

/** The bytes of a signature: 16 a token, the pseudo token of the SQL drivers among them where it is asked for. */
export function signatureData(tokens: readonly bigint[], withControl: boolean): Buffer {
  const all = withControl ? [...tokens, control] : tokens;
  const bytes = Buffer.alloc(16 * all.length);
  for (const [at, token] of all.entries()) {
    bytes.writeBigUInt64LE(token, 16 * at);
    bytes[16 * at + 8] = 1;
  }
  return bytes;
}

/** A hash file of one extent or more; the later ones hold what does not fit. Tokens stand where a linear probe puts them. */
export function css(
  { tokens, totals }: SiteUser,
  bits: 32 | 64,
  extents: readonly number[] = [98_317],
): Buffer {
  const [header, record, size] = bits === 64 ? [80, 24, 8] : [40, 16, 4];
  const put = (bytes: Buffer, value: bigint | number, at: number): void => {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUInt32LE(Number(value), at);
  };
  const left = [...tokens];
  return Buffer.concat(
    extents.map((records, number) => {
      const bytes = Buffer.alloc(header + record * records);
      put(bytes, records, 0);
      if (number === 0) for (const [at, total] of totals.entries()) put(bytes, total, size * (at + 1));
      const room = number === extents.length - 1 ? left.length : Math.min(left.length, 2);
      for (const [token, spam, innocent] of left.splice(0, room)) {
        let place = Number(token % BigInt(records));
        while (bytes.readBigUInt64LE(header + record * place) !== 0n) place = (place + 1) % records;
        const at = header + record * place;
        bytes.writeBigUInt64LE(token, at);
        // The upper bits hold the age that cssclean counts.
        put(bytes, innocent + 2 ** 29, at + 8);
        put(bytes, spam + 2 ** 28, at + 8 + size);
      }
      return bytes;
    }),
  );
}

/** A file of the SQLite driver. */
export function writeSqlite(file: string, { tokens, totals, signatures }: SiteUser): void {
  const database = new sqlite.Database(file);
  database.exec(`
    CREATE TABLE dspam_token_data (token CHAR(20) PRIMARY KEY,spam_hits INT,innocent_hits INT,last_hit DATE);
    CREATE TABLE dspam_signature_data (signature CHAR(128) PRIMARY KEY,data BLOB,created_on DATE);
    CREATE TABLE dspam_stats (dspam_stat_id INT PRIMARY KEY,spam_learned INT,innocent_learned INT,spam_misclassified INT,innocent_misclassified INT,spam_corpusfed INT,innocent_corpusfed INT,spam_classified INT,innocent_classified INT);
    BEGIN`);
  for (const [token, spam, innocent] of tokens) {
    database.run('INSERT INTO dspam_token_data VALUES (?, ?, ?, ?)', [
      token.toString(),
      spam,
      innocent,
      date,
    ]);
  }
  for (const { id, tokens: signed } of signatures) {
    database.run('INSERT INTO dspam_signature_data VALUES (?, ?, ?)', [
      id,
      signatureData(signed, true),
      date,
    ]);
  }
  database.run(`INSERT INTO dspam_stats VALUES (0, ${totals.join(', ')})`);
  database.exec('COMMIT');
  database.close();
}

/** How a dump of MySQL is written. */
export interface MysqlStyle {
  readonly hexBlob?: boolean;
  readonly columns?: boolean;
  readonly oneRowEach?: boolean;
  /** The old schema: tokens as text. */
  readonly textTokens?: boolean;
  readonly bare?: boolean;
}

/** What mysqldump prints, one character a byte. */
export function mysqldump(users: readonly SiteUser[], style: MysqlStyle = {}): string {
  const insert = (table: string, columns: string, rows: readonly string[]): string => {
    const names = style.columns === true ? ` (${columns})` : '';
    const groups = style.oneRowEach === true ? rows.map((row) => [row]) : [rows];
    return groups.map((group) => `INSERT INTO \`${table}\`${names} VALUES ${group.join(',')};\n`).join('');
  };
  const blob = (bytes: Buffer): string =>
    style.hexBlob === true
      ? `0x${bytes.toString('hex').toUpperCase()}`
      : `'${escaped(bytes.toString('latin1'))}'`;
  const totals =
    'spam_learned, innocent_learned, spam_misclassified, innocent_misclassified, spam_corpusfed, innocent_corpusfed, spam_classified, innocent_classified';
  const body = [
    '-- It`s a "comment"; with \'quotes\n/*!40101 SET NAMES utf8 */;\n',
    "CREATE TABLE `other` (`a` varchar(9) DEFAULT 'x;y'); INSERT INTO `other` VALUES ('it''s (not) ours;\\'');\n",
    "CREATE TABLE `dspam_token_data` (\n  `uid` int(10) unsigned NOT NULL,\n  `token` bigint(20) unsigned NOT NULL,\n  `spam_hits` bigint(20) unsigned NOT NULL,\n  `innocent_hits` bigint(20) unsigned NOT NULL,\n  `last_hit` date NOT NULL,\n  UNIQUE KEY `id_token_data_01` (`uid`,`token`)\n) ENGINE=MyISAM COMMENT='a;b';\n",
    insert(
      'dspam_token_data',
      '`uid`, `token`, `spam_hits`, `innocent_hits`, `last_hit`',
      users.flatMap(({ uid, tokens }) =>
        [...tokens, [control, 5, 5] as const].map(([token, spam, innocent]) => {
          const key = style.textTokens === true ? `'${token}'` : token.toString();
          return `(${uid},${key},${spam},${innocent},'${date}')`;
        }),
      ),
    ),
    insert(
      'dspam_stats',
      `\`uid\`, ${totals}`,
      users.map((user) => `(${[user.uid, ...user.totals].join(',')})`),
    ),
    insert(
      'dspam_signature_data',
      '`uid`,`signature`,`data`,`length`,`created_on`',
      users.flatMap(({ uid, signatures }) =>
        signatures.map(({ id, tokens }) => {
          const data = signatureData(tokens, true);
          return `(${uid},'${id}',${blob(data)},${data.length},'${date}')`;
        }),
      ),
    ),
    insert(
      'dspam_virtual_uids',
      '`uid`,`username`',
      users.map(({ uid, name }) => `(${uid},'${name}')`),
    ),
  ].join('\n');
  if (style.bare === true) return body;
  return `-- MySQL dump 10.19  Distrib 10.3.39-MariaDB\n\n${body}\n-- Dump completed on 2026-11-22 21:00:00\n`;
}

/** A string as MySQL escapes it. */
function escaped(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '\0': '0', '\n': 'n', '\r': 'r', '\x1a': 'Z' };
  return Array.from(text, (one) =>
    /[\0\n\r'"\\]/.test(one) || one === '\x1a' ? `\\${escapes[one] ?? one}` : one,
  ).join('');
}

/** Writes bytes of which each is a character. */
export function writeLatin1(file: string, text: string): void {
  writeFileSync(file, text, 'latin1');
}
