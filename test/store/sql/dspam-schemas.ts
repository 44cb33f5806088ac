/** DSPAM's tables as its own set-up makes them on each server (its formats: facts), in all the forms that sites have. */

/** A form of the tables: what makes them, and what DSPAM would say to write a token there. */
export interface Schema {
  readonly name: string;
  readonly server: 'mariadb' | 'postgres';
  readonly tables: string;
  /** A token's key as these tables write it. */
  readonly literal: (key: bigint) => string;
}

const totals =
  'spam_learned, innocent_learned, spam_misclassified, innocent_misclassified, spam_corpusfed, innocent_corpusfed, spam_classified, innocent_classified'.split(
    ', ',
  );
const stats = (type: string): string => totals.map((name) => `${name} ${type}`).join();

const mysql = (engine: string, token: string): string => `
  create table dspam_token_data (uid int unsigned not null, token ${token} not null, spam_hits bigint unsigned not null,
    innocent_hits bigint unsigned not null, last_hit date not null, unique (uid, token)) engine=${engine};
  create table dspam_signature_data (uid int unsigned not null, signature char(32) not null, data longblob not null,
    length int unsigned not null, created_on date not null, unique (uid, signature), index (created_on)) engine=${engine};
  create table dspam_stats (uid int unsigned primary key, ${stats('bigint unsigned not null')}) engine=${engine};
  create table dspam_preferences (uid int unsigned not null, preference varchar(32) not null, value varchar(64) not null,
    unique (uid, preference)) engine=${engine};`;
const mysqlUsers = `
  create table dspam_virtual_uids (uid int unsigned auto_increment primary key, username varchar(128), unique (username)) engine=InnoDB;
  insert into dspam_virtual_uids (uid, username) values (7, 'ann@example.org'), (9, 'joe@example.org');`;

const postgres = (token: string): string => `
  create table dspam_token_data (uid integer, token ${token}, spam_hits integer, innocent_hits integer, last_hit date, unique (uid, token));
  create table dspam_signature_data (uid integer, signature varchar(128), data bytea, length integer, created_on date, unique (uid, signature));
  create table dspam_stats (uid integer primary key, ${stats('integer')});
  create table dspam_preferences (uid integer, preference varchar(128), value varchar(128), unique (uid, preference));`;
const postgresUsers = `
  create sequence dspam_virtual_uids_seq;
  create table dspam_virtual_uids (uid integer default nextval('dspam_virtual_uids_seq') primary key, username varchar(128) unique);
  insert into dspam_virtual_uids (uid, username) values (7, 'ann@example.org'), (9, 'joe@example.org');
  select setval('dspam_virtual_uids_seq', 9);`;

const signed = (key: bigint): string => BigInt.asIntN(64, key).toString();
const unsigned = (key: bigint): string => key.toString();

/** All of them. The last of each server has no virtual users. */
export const schemas: readonly Schema[] = [
  {
    name: 'MySQL, unsigned tokens',
    server: 'mariadb',
    tables: mysql('InnoDB', 'bigint unsigned') + mysqlUsers,
    literal: unsigned,
  },
  {
    name: 'MySQL, tokens as text',
    server: 'mariadb',
    tables: mysql('InnoDB', 'char(20)') + mysqlUsers,
    literal: (key) => `'${key.toString()}'`,
  },
  {
    name: 'MySQL, accounts of the system',
    server: 'mariadb',
    tables: mysql('InnoDB', 'bigint unsigned'),
    literal: unsigned,
  },
  {
    name: 'PostgreSQL, signed tokens',
    server: 'postgres',
    tables: postgres('bigint') + postgresUsers,
    literal: signed,
  },
  {
    name: 'PostgreSQL, numeric tokens',
    server: 'postgres',
    tables: postgres('numeric(20)') + postgresUsers,
    literal: unsigned,
  },
  {
    name: 'PostgreSQL, accounts of the system',
    server: 'postgres',
    tables: postgres('bigint'),
    literal: signed,
  },
];

/** A file of the SQLite driver. */
export const sqliteTables: string = `
  create table dspam_token_data (token char(20) primary key, spam_hits int, innocent_hits int, last_hit date);
  create table dspam_signature_data (signature char(128) primary key, data blob, created_on date);
  create table dspam_stats (dspam_stat_id int primary key, ${stats('int')});`;
