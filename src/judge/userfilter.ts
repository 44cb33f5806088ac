/**
 * One user's filter: judges, signs, learns and takes back.
 *
 * The only place where the store and the classifier meet. Invariants:
 * - a message (by its fingerprint) counts once per class: learning it again as the same class changes nothing, as the
 *   other class takes the first back;
 * - everything that one message changes is one atomic change of the store, on disk before the promise resolves if
 *   something was learned.
 */
import { scoresOf, learn, unlearn, type Round, type Scores } from '../classifier/classifier.ts';
import { calibrated, type Calibrated } from '../classifier/calibration.ts';
import { evidenceOf, keysOf, type Evidence } from '../classifier/evidence.ts';
import { featuresOf } from '../features/features.ts';
import { TamisError } from '../errors.ts';
import type { Change, Note, Totals, UserStore } from '../store/contract.ts';
import { selfLearns, type TrainingMode } from './modes.ts';
import { decodeLearned, decodeSigned, encodeLearned, encodeSigned, type Learned } from './notes.ts';
import type { Reading } from './reading.ts';
import { newSignature } from './signature.ts';

/** What a user's filter needs of a store. */
export type Memory = Pick<UserStore, 'readFeatures' | 'totals' | 'note' | 'apply'>;

/** Where a class comes from: a person's correction, a collection, or a message sent on as a warning. */
export type Source = 'error' | 'corpus' | 'inoculation';

/** What the classifier makes of a message. */
export interface Opinion extends Calibrated {
  readonly scores: Scores;
  readonly evidence: Evidence;
}

/** What became of a message that was to be learned. */
export type Learning = 'learned' | 'relearned' | 'duplicate';

/** An opinion with the signature that retrains it. */
export interface Receipt {
  readonly opinion: Opinion;
  readonly signature: string | undefined;
}

/** How one user's filter behaves. */
export interface UserFilterOptions {
  readonly mode: TrainingMode;
  readonly signatureDays: number;
  /** Seconds since 1970. */
  readonly now?: () => number;
}

/** Judges and learns for one user. */
export class UserFilter {
  private readonly memory: Memory;
  private readonly options: UserFilterOptions;
  private readonly now: () => number;

  constructor(memory: Memory, options: UserFilterOptions) {
    this.memory = memory;
    this.options = options;
    this.now = options.now ?? (() => Date.now() / 1000);
  }

  /** Judges a message; changes nothing. */
  async judge(reading: Reading): Promise<Opinion> {
    const totals = await this.memory.totals();
    const evidence = await this.evidence(reading, totals);
    const scores = scoresOf(evidence);
    return { ...calibrated(scores.total, totals.spamLearned, totals.innocentLearned), scores, evidence };
  }

  /**
   * Takes a message that arrives: judges it, stores its signature, counts it, and learns from the judgement if the training
   * mode says so.
   */
  async receive(reading: Reading): Promise<Receipt> {
    const opinion = await this.judge(reading);
    const { mode, signatureDays } = this.options;
    if (mode === 'notrain') return { opinion, signature: undefined };
    const now = this.now();
    const signature = newSignature(now);
    const signed: Note = {
      space: 'signature',
      key: Buffer.from(signature, 'latin1'),
      value: encodeSigned({
        judgedSpam: opinion.spam,
        fingerprint: reading.fingerprint,
        windows: reading.windows,
      }),
      expires: Math.ceil(now + signatureDays * 86_400),
    };
    const earlier = await this.learned(reading.fingerprint);
    const learns = earlier === undefined && selfLearns(mode, opinion);
    if (learns) {
      const change = this.lesson(
        opinion.evidence,
        reading.fingerprint,
        { spam: opinion.spam, corpus: false },
        false,
      );
      await this.memory.apply({ ...change, notes: [...(change.notes ?? []), signed] });
    } else {
      const totals = opinion.spam ? { spamClassified: 1 } : { innocentClassified: 1 };
      await this.memory.apply({ totals, notes: [signed] });
    }
    return { opinion, signature };
  }

  /** Learns a message as a class. */
  async learn(reading: Reading, spam: boolean, source: Source): Promise<Learning> {
    const earlier = await this.learned(reading.fingerprint);
    if (earlier?.spam === spam) return 'duplicate';
    const evidence = await this.evidence(reading, await this.memory.totals());
    const corpus = source !== 'error';
    const before = snapshot(evidence);
    const totals: Partial<Totals> = {};
    if (earlier !== undefined) {
      unlearn(evidence, earlier.spam, earlier.rounds);
      totals[earlier.spam ? 'spamLearned' : 'innocentLearned'] = -1;
      if (earlier.corpus) totals[earlier.spam ? 'spamCorpusfed' : 'innocentCorpusfed'] = -1;
    }
    const change = this.lesson(evidence, reading.fingerprint, { spam, corpus }, source !== 'corpus', before);
    if (source === 'error') totals[spam ? 'spamMisclassified' : 'innocentMisclassified'] = 1;
    await this.memory.apply({ ...change, totals: { ...change.totals, ...totals } }, { durable: true });
    return earlier === undefined ? 'learned' : 'relearned';
  }

  /**
   * Finds what a signature kept.
   *
   * @throws TamisError SIGNATURE_UNKNOWN if there is none by this id, or no longer.
   */
  async signed(id: string): Promise<Reading> {
    const note = await this.memory.note('signature', Buffer.from(id, 'latin1'), Math.floor(this.now()));
    if (note === undefined) {
      const sentence = `The signature ${JSON.stringify(id)} is unknown or has expired; give the message itself on stdin.`;
      throw new TamisError('SIGNATURE_UNKNOWN', sentence);
    }
    const { fingerprint, windows } = decodeSigned(note);
    return { fingerprint, windows, features: featuresOf(windows) };
  }

  private async evidence({ features }: Reading, totals: Totals): Promise<Evidence> {
    const keys = keysOf(features);
    const values = await this.memory.readFeatures(keys);
    return evidenceOf(features, keys, values, { spam: totals.spamTrained, innocent: totals.innocentTrained });
  }

  private async learned(fingerprint: Uint8Array): Promise<Learned | undefined> {
    const note = await this.memory.note('learned', fingerprint);
    return note === undefined ? undefined : decodeLearned(note);
  }

  /** Learns in the evidence, and puts what differs from `before` into a change. */
  private lesson(
    evidence: Evidence,
    fingerprint: Uint8Array,
    { spam, corpus }: { spam: boolean; corpus: boolean },
    correction: boolean,
    before: Snapshot = snapshot(evidence),
  ): Change {
    const rounds: Round[] = learn(evidence, spam, correction);
    const totals: Partial<Totals> = {
      [spam ? 'spamLearned' : 'innocentLearned']: 1,
      spamTrained: evidence.trained.spam - before.trained.spam,
      innocentTrained: evidence.trained.innocent - before.trained.innocent,
    };
    if (corpus) totals[spam ? 'spamCorpusfed' : 'innocentCorpusfed'] = 1;
    const note: Note = { space: 'learned', key: fingerprint, value: encodeLearned({ spam, corpus, rounds }) };
    return { features: differences(evidence, before), totals, notes: [note] };
  }
}

type Snapshot = Pick<Evidence, 'values' | 'trained'>;

function snapshot({ values, trained }: Evidence): Snapshot {
  return { values: values.slice(), trained };
}

/** The rows in which the evidence differs from what it was, as deltas; undefined if none does. */
function differences({ keys, values }: Evidence, before: Snapshot): Change['features'] {
  const rows: number[] = [];
  for (let i = 0; i < keys.length; i++) {
    if (values[2 * i] !== before.values[2 * i] || values[2 * i + 1] !== before.values[2 * i + 1])
      rows.push(i);
  }
  if (rows.length === 0) return undefined;
  const deltas = new Int32Array(2 * rows.length);
  for (const [at, i] of rows.entries()) {
    for (const side of [0, 1]) {
      deltas[2 * at + side] = (values[2 * i + side] ?? 0) - (before.values[2 * i + side] ?? 0);
    }
  }
  return { keys: Float64Array.from(rows, (i) => keys[i] ?? 0), values: deltas };
}
