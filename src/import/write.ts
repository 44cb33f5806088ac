/**
 * The second reading of a source: writes what it holds into the users' stores, a few thousand rows at a time, and looks at the result.
 *
 * Each piece is one atomic change with the note `import` that says how far it has come, so that an import that was killed goes on from there when it is started
 * again, and one that has ended is not done twice. The store is let go of between pieces, so that mail is judged meanwhile. The totals come last: until then the tokens that
 * are there say nothing, and nobody is judged by half of what they knew.
 *
 * Sources and what is learned meanwhile add up. A user takes one source only: a second would count the same mail twice.
 */
import type { Config } from '../config/load.ts';
import { TamisError } from '../errors.ts';
import { beginning, contestNote, contestOf } from '../judge/contest.ts';
import { foreignSignature } from '../judge/dspam-signature.ts';
import { forEachTokens, inSlices, patience } from '../judge/slices.ts';
import { preferencesOf, setPreferences } from '../judge/preferences.ts';
import { withUser } from '../judge/users.ts';
import type { Counter, Note, UserStore } from '../store/contract.ts';
import { Block, blockLength, type Piece, type SignatureFact } from './block.ts';
import { controlToken, totalNames, type Facts, type TokenFact } from './fact.ts';
import type { Plan, UserPlan } from './plan.ts';
import { readPreferences } from './preferences.ts';

/** What became of one user. */
export interface UserReport {
  readonly user: string;
  /** Tokens in the source, each once. */
  readonly tokens: number;
  /** Tokens in the store before and after. */
  readonly before: number;
  readonly after: number;
  /** Tokens of the sample that were looked at; all had at least the hits of the source. */
  readonly sampled: number;
  /** Signatures that can still be used for retraining, and those that have expired or hold no tokens. */
  readonly signatures: number;
  readonly expired: number;
  readonly spamLearned: number;
  readonly innocentLearned: number;
  /** Preferences that were taken, and those that mean nothing here, as `name=value`. */
  readonly preferences: readonly string[];
  readonly otherPreferences: readonly string[];
  /** Whether it had been imported before. */
  readonly known: boolean;
}

/** How far the import of a user has come: the note `import`. */
interface State {
  readonly source: string;
  readonly rows: number;
  readonly before: number;
  readonly signatures: number;
  readonly done: boolean;
}

const noteKey = Buffer.from('import');
/** Rows that one change writes. */
const pieceLength = 8192;
/** Rows that wait at most, of all users together, but for those of one chunk. */
const mostWaiting = blockLength / 2;
/** Bytes of a token in a signature of DSPAM: the key, how often it occurs, padding. */
const signatureRecord = 16;

/**
 * Writes what a plan promises.
 *
 * @param facts The source, read again.
 * @param step Called with the number of rows that are written.
 */
export async function writePlan(
  config: Config,
  plan: Plan,
  facts: Facts,
  step: (rows: number) => void,
): Promise<UserReport[]> {
  const users = new Map<string, UserWriter>();
  for (const [name, userPlan] of plan.users) {
    users.set(name, await UserWriter.begin(config, name, plan.source, userPlan));
  }
  let waiting = 0;
  for await (const chunk of facts) {
    for (const fact of chunk) {
      if (fact.kind !== 'token' && fact.kind !== 'signature') continue;
      for (const name of plan.namesOf(fact.owner)) {
        users.get(name)?.take(fact);
        waiting++;
      }
    }
    if (waiting < mostWaiting) continue;
    for (const user of users.values()) await user.write(step);
    waiting = 0;
  }
  const reports: UserReport[] = [];
  for (const user of users.values()) {
    await user.write(step);
    await user.end();
    reports.push(await user.report());
  }
  return reports;
}

/** The import of one user. */
class UserWriter {
  readonly #config: Config;
  readonly #name: string;
  readonly #plan: UserPlan;
  #state: State;
  /** Whether there is nothing to do. */
  readonly #known: boolean;
  /** Rows of the blocks before this one. */
  #start = 0;
  #block = new Block();

  private constructor(config: Config, name: string, plan: UserPlan, state: State) {
    this.#config = config;
    this.#name = name;
    this.#plan = plan;
    this.#state = state;
    this.#known = state.done;
  }

  /** @throws TamisError USER if the user has taken another source. */
  static async begin(config: Config, name: string, source: string, plan: UserPlan): Promise<UserWriter> {
    const state = await withUser(config, name, { create: false, wait: patience }, async (store) => {
      const note = await store?.note('learned', noteKey);
      if (note !== undefined) return JSON.parse(Buffer.from(note).toString()) as State;
      return store === undefined ? 'unknown' : 'new';
    });
    if (typeof state === 'object') {
      if (state.source === source) return new UserWriter(config, name, plan, state);
      const begun = state.done ? 'another source was imported' : 'the import of another source was begun';
      throw new TamisError(
        'USER',
        `For ${JSON.stringify(name)} ${begun} before; a second one would count the same mail twice. To take this one instead: tamis users remove, then import. Nothing was imported.`,
      );
    }
    const before = state === 'unknown' ? 0 : await countTokens(config, name);
    return new UserWriter(config, name, plan, { source, rows: 0, before, signatures: 0, done: false });
  }

  take(row: TokenFact | SignatureFact): void {
    if (!this.#known) this.#block.take(row, today());
  }

  /** Writes what waits and is not there already, in slices between which the store is let go of. */
  async write(step: (rows: number) => void): Promise<void> {
    const block = this.#block;
    this.#block = new Block();
    const done = Math.max(0, Math.min(block.length, this.#state.rows - this.#start));
    this.#start += block.length;
    step(done);
    const pieces = block.pieces(done, pieceLength);
    let next = pieces.next();
    if (next.done === true) return;
    await inSlices(this.#config, this.#name, true, async (store, isOver) => {
      while (next.done !== true && !isOver()) {
        step(await this.#writePiece(store, next.value));
        next = pieces.next();
      }
      return next.done === true;
    });
  }

  /** Makes what was written count. */
  async end(): Promise<void> {
    if (this.#known) return;
    if (this.#start !== this.#plan.rows) {
      throw new TamisError(
        'INPUT',
        `The source changed while it was read: it has ${this.#start} rows of ${JSON.stringify(this.#name)} now instead of ${this.#plan.rows}. Stop DSPAM, remove the user and import again.`,
      );
    }
    const state = { ...this.#state, done: true };
    await withUser(this.#config, this.#name, { create: true, wait: patience }, async (store) => {
      if (store === undefined) return;
      const { taken } = readPreferences(this.#plan.preferences);
      // What the user has set here since then counts.
      if (Object.keys(taken).length > 0)
        await setPreferences(store, { ...taken, ...(await preferencesOf(store)) });
      // From here on DSPAM's engine judges, until tamis' own model is better.
      const contest = (await contestOf(store)) ?? beginning;
      const notes = [stateNote(state), contestNote(contest)];
      await store.apply({ totals: totalsOf(this.#plan.totals), notes }, { durable: true });
    });
    this.#state = state;
  }

  async #writePiece(store: UserStore, { tokens, signatures }: Piece): Promise<number> {
    const notes = signatures.map((signature) => signatureNotes(signature, this.#config));
    const rows = tokens.keys.length + signatures.length;
    const state: State = {
      ...this.#state,
      rows: this.#state.rows + rows,
      signatures: this.#state.signatures + notes.filter(({ length }) => length > 0).length,
    };
    await store.apply({ tokens, notes: [...notes.flat(), stateNote(state)] });
    this.#state = state;
    return rows;
  }

  /** Looks at what is in the store now. @throws TamisError STORE_FAILED if that is less than the source has. */
  async report(): Promise<UserReport> {
    const { tokens, sample, signatures, totals } = this.#plan;
    const after = await countTokens(this.#config, this.#name);
    const differ = await withUser(this.#config, this.#name, { create: false, wait: patience }, (store) =>
      store === undefined ? Promise.resolve(sample.length) : countMissing(store, sample),
    );
    const { before } = this.#state;
    const preferences = readPreferences(this.#plan.preferences);
    if (!this.#known && (after < Math.max(before, tokens) || differ > 0)) {
      const found = `${after} tokens after the import of ${tokens} beside ${before}, and ${differ} of ${sample.length} that were looked at have too few hits`;
      throw new TamisError(
        'STORE_FAILED',
        `The store of ${JSON.stringify(this.#name)} has ${found}; remove the user and import again.`,
      );
    }
    return {
      user: this.#name,
      tokens,
      before,
      after,
      sampled: sample.length,
      signatures: this.#state.signatures,
      expired: signatures - this.#state.signatures,
      spamLearned: totals[0] ?? 0,
      innocentLearned: totals[1] ?? 0,
      preferences: Object.entries(preferences.taken).map(([name, value]) => `${name}=${value}`),
      otherPreferences: preferences.left,
      known: this.#known,
    };
  }
}

async function countTokens(config: Config, name: string): Promise<number> {
  let count = 0;
  await forEachTokens(config, name, ({ keys }) => {
    count += keys.length;
  });
  return count;
}

/** How many tokens have fewer hits than they should. */
async function countMissing(store: UserStore, sample: readonly TokenFact[]): Promise<number> {
  const found = await store.readTokens(BigUint64Array.from(sample, ({ token }) => token));
  return sample.filter(
    ({ spam, innocent }, at) => (found[2 * at] ?? 0) < spam || (found[2 * at + 1] ?? 0) < innocent,
  ).length;
}

/** The notes of a signature that has not expired and holds tokens; none of any other: of SBPH it holds a text, of a virus nothing. */
function signatureNotes({ id, data, day }: SignatureFact, { settings }: Config): Note[] {
  const now = Date.now() / 1000;
  const expires = (day === 0 ? now : (day + 1) * 86_400) + settings.signatureDays * 86_400;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (expires <= now || bytes.length === 0 || bytes.length % signatureRecord !== 0) return [];
  const keys = Array.from({ length: bytes.length / signatureRecord }, (_, at) =>
    bytes.readBigUInt64LE(signatureRecord * at),
  ).filter((key) => key !== controlToken);
  return foreignSignature(id, BigUint64Array.from(keys), Math.ceil(expires));
}

function totalsOf(totals: readonly number[]): Partial<Record<Counter, number>> {
  const entries = totalNames.map((name, at) => {
    const words = name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
    return [`dspam${words.join('')}`, totals[at] ?? 0] as const;
  });
  return Object.fromEntries(entries);
}

function stateNote(state: State): Note {
  return { space: 'learned', key: noteKey, value: Buffer.from(JSON.stringify(state)) };
}

function today(): number {
  return Math.floor(Date.now() / 86_400_000);
}
