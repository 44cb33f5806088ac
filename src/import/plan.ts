/**
 * The first reading of a source: everything in it is checked, and what it holds of each user is counted, before anything is written.
 *
 * Memory: 8 bytes a token.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config/load.ts';
import { TamisError } from '../errors.ts';
import { userName } from '../judge/users.ts';
import { totalNames, type Fact, type Facts, type Owner, type TokenFact } from './fact.ts';

/** What a source holds of one user. */
export interface UserPlan {
  /** Tokens with hits, each once. */
  readonly tokens: number;
  /** Rows of tokens and signatures. */
  readonly rows: number;
  readonly signatures: number;
  /** In the order of DSPAM. */
  readonly totals: readonly number[];
  readonly preferences: ReadonlyMap<string, string>;
  /** Some of the tokens, to be looked at afterwards. */
  readonly sample: readonly TokenFact[];
}

/** What a source holds. */
export interface Plan {
  /** A hash of all facts: the same source again. */
  readonly source: string;
  /** By the name under which tamis keeps the user. */
  readonly users: ReadonlyMap<string, UserPlan>;
  /** The users to whom an owner's facts belong; none: they are left out. */
  readonly namesOf: (owner: Owner) => readonly string[];
  /** Users of the source that have no name, with how many tokens they have. */
  readonly nameless: ReadonlyMap<number, number>;
  /** Preferences that are those of the site. */
  readonly sitePreferences: ReadonlyMap<string, string>;
}

const passwd = '/etc/passwd';

/**
 * Reads a source to its end.
 *
 * @param user The user whom it is of, if it does not tell; else only that user's facts count.
 * @throws TamisError INPUT for what cannot be read; USAGE if the source does not tell whose it is, and nobody does.
 */
export async function planOf(config: Config, facts: Facts, user: string | undefined): Promise<Plan> {
  const hash = createHash('sha256');
  const owners = new Map<string, { owner: Owner; counts: Counts }>();
  const names = new Map<number, string[]>();
  for await (const chunk of facts) {
    for (const fact of chunk) {
      if (fact.kind === 'name') names.set(fact.uid, [...(names.get(fact.uid) ?? []), fact.name]);
      else {
        const key = ownerKey(fact.owner);
        const known = owners.get(key) ?? { owner: fact.owner, counts: new Counts() };
        owners.set(key, known);
        known.counts.add(fact);
      }
    }
    hash.update(chunk.map(digestOf).join('\n'));
  }
  const wanted = user === undefined ? undefined : userName(user, config);
  const system = names.size > 0 ? new Map<number, string[]>() : systemNames();
  const namesOf = (owner: Owner): readonly string[] => {
    if (owner === 'site') return [];
    if (owner === undefined) return wanted === undefined ? [] : [wanted];
    const given = 'name' in owner ? [owner.name] : (names.get(owner.uid) ?? system.get(owner.uid) ?? []);
    const own = [...new Set(given.map((name) => userName(name, config)))];
    if (wanted === undefined) return own;
    // What is of one user alone is of the one whom the command line names.
    return own.includes(wanted) || (own.length === 0 && owners.size === 1) ? [wanted] : [];
  };
  const users = new Map<string, Counts>();
  const nameless = new Map<number, number>();
  let sitePreferences = new Map<string, string>();
  for (const { owner, counts } of owners.values()) {
    if (owner === undefined && wanted === undefined) {
      throw new TamisError(
        'USAGE',
        'Wrong command line: the source does not tell whose it is; name the user with --user NAME.',
      );
    }
    if (owner === 'site') sitePreferences = counts.preferences;
    const own = namesOf(owner);
    if (typeof owner === 'object' && 'uid' in owner && own.length === 0 && wanted === undefined) {
      nameless.set(owner.uid, counts.rows);
    }
    for (const name of own) {
      const sum = users.get(name) ?? new Counts();
      sum.merge(counts);
      users.set(name, sum);
    }
  }
  const plans = new Map([...users].map(([name, counts]) => [name, counts.plan()]));
  return { source: hash.digest('hex'), users: plans, namesOf, nameless, sitePreferences };
}

/** What is counted of one owner. */
class Counts {
  rows = 0;
  signatures = 0;
  readonly totals: number[] = totalNames.map(() => 0);
  /** The most hits of a token, in spam and in innocent mail. */
  #most: readonly [spam: number, innocent: number] = [0, 0];
  readonly preferences = new Map<string, string>();
  #keys = new BigUint64Array(1024);
  #used = 0;
  #sample: TokenFact[] = [];
  /** Every how many-th token is taken into the sample; it doubles when the sample is full. */
  #stride = 1;
  #seen = 0;

  add(fact: Exclude<Fact, { kind: 'name' }>): void {
    switch (fact.kind) {
      case 'token':
        this.rows++;
        if (fact.spam !== 0 || fact.innocent !== 0) this.#take(fact);
        break;
      case 'signature':
        this.rows++;
        this.signatures++;
        break;
      case 'totals':
        for (const [at, count] of fact.totals.entries()) this.totals[at] = (this.totals[at] ?? 0) + count;
        break;
      case 'preference':
        this.preferences.set(fact.name, fact.value);
        break;
    }
  }

  merge(other: Counts): void {
    this.rows += other.rows;
    this.signatures += other.signatures;
    for (const [at, count] of other.totals.entries()) this.totals[at] = (this.totals[at] ?? 0) + count;
    for (const [name, value] of other.preferences) this.preferences.set(name, value);
    for (const key of other.#keys.subarray(0, other.#used)) this.#push(key);
    this.#sample = [...this.#sample, ...other.#sample];
    this.#raise(...other.#most);
  }

  plan(): UserPlan {
    const keys = this.#keys.subarray(0, this.#used).sort();
    let tokens = 0;
    for (let at = 0; at < keys.length; at++) if (at === 0 || keys[at] !== keys[at - 1]) tokens++;
    this.#keys = new BigUint64Array();
    const { rows, signatures, preferences } = this;
    return { tokens, rows, signatures, totals: this.#plannedTotals(), preferences, sample: this.#sample };
  }

  /**
   * A source may lack the totals (dspam_dump tells none, and its table may have been left out), without which no token has a probability. Then they are the most
   * hits of a token of each class: some words are in nearly all messages, and hits never exceed the messages learned.
   */
  #plannedTotals(): readonly number[] {
    if (this.totals.some((count) => count > 0)) return this.totals;
    return this.totals.map((_, at) => this.#most[at] ?? 0);
  }

  #raise(spam: number, innocent: number): void {
    const [mostSpam, mostInnocent] = this.#most;
    if (spam > mostSpam || innocent > mostInnocent)
      this.#most = [Math.max(spam, mostSpam), Math.max(innocent, mostInnocent)];
  }

  #take(fact: TokenFact): void {
    this.#raise(fact.spam, fact.innocent);
    this.#push(fact.token);
    if (this.#seen++ % this.#stride !== 0) return;
    this.#sample.push(fact);
    if (this.#sample.length < 2 * sampleSize) return;
    this.#sample = this.#sample.filter((_, at) => at % 2 === 0);
    this.#stride *= 2;
  }

  #push(key: bigint): void {
    if (this.#used === this.#keys.length) {
      const larger = new BigUint64Array(Math.max(1024, 2 * this.#used));
      larger.set(this.#keys);
      this.#keys = larger;
    }
    this.#keys[this.#used++] = key;
  }
}

/** Tokens in a sample: so many to twice as many. */
const sampleSize = 64;

function ownerKey(owner: Owner): string {
  if (owner === undefined || owner === 'site') return owner ?? '';
  return 'uid' in owner ? `u${owner.uid}` : `n${owner.name}`;
}

function digestOf(fact: Fact): string {
  switch (fact.kind) {
    case 'token':
      return `${ownerKey(fact.owner)} ${fact.token.toString(36)} ${fact.spam} ${fact.innocent} ${fact.day}`;
    case 'signature':
      return `${ownerKey(fact.owner)} ${fact.id} ${fact.data.length}`;
    case 'totals':
      return `${ownerKey(fact.owner)} ${fact.totals.join(' ')}`;
    case 'preference':
      return `${ownerKey(fact.owner)} ${fact.name}=${fact.value}`;
    case 'name':
      return `u${fact.uid} is ${fact.name}`;
  }
}

/** The users of this machine: those of a site without virtual users. */
function systemNames(): Map<number, string[]> {
  const names = new Map<number, string[]>();
  for (const line of readFileSync(passwd, 'utf8').split('\n')) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined) names.set(Number(uid), [name]);
  }
  return names;
}
