/**
 * One user's filter: judges, signs, learns and takes back.
 *
 * The only place where the store and the classifier meet. Invariants:
 * - a message (by its fingerprint) counts once: learning it again as the same class changes nothing, as the other class
 *   takes the first back, and what the filter only believed gives way to what a person tells;
 * - everything that one message changes is one atomic change of the store, on disk before the promise resolves if
 *   something was learned.
 */
import { learn, scoresOf, unlearn, type Lesson, type Scores } from '../classifier/classifier.ts';
import { calibrated, type Calibrated } from '../classifier/calibration.ts';
import { evidenceOf, type Evidence } from '../classifier/evidence.ts';
import { featuresOf } from '../features/features.ts';
import type { Settings } from '../config/settings.ts';
import { TamisError } from '../errors.ts';
import type { Change, Expectation, Note, Totals, UserStore } from '../store/contract.ts';
import { whileOthersLearn } from './again.ts';
import { sumOf } from './counts.ts';
import { beliefIn, mostBelief } from './modes.ts';
import {
  decodeLearned,
  decodeSigned,
  encodeLearned,
  encodeSigned,
  type Learned,
  type Source,
} from './notes.ts';
import type { Reading } from './reading.ts';
import { newSignature } from './signature.ts';

/** What a user's filter needs of a store. */
export type Memory = Pick<UserStore, 'readFeatures' | 'totals' | 'note' | 'apply'>;

/** What the classifier makes of a message. */
export interface Opinion extends Calibrated {
  readonly scores: Scores;
  /** What was known when the message was judged; learning it afterwards does not change it. */
  readonly evidence: Evidence;
  /** The user's totals before this message. */
  readonly totals: Totals;
  /** Whether nothing had been learned of the message. */
  readonly isNew: boolean;
}

/** What became of a message that was to be learned. */
export type Learning = 'learned' | 'relearned' | 'duplicate';

/** An opinion with the signature that retrains it. */
export interface Receipt {
  readonly opinion: Opinion;
  readonly signature: string | undefined;
}

/** How one user's filter behaves. */
export type UserFilterSettings = Pick<Settings, 'trainingMode' | 'signatureDays' | 'hamCost'> &
  Partial<Pick<Settings, 'trainPristine'>>;

/** Judges and learns for one user. */
export class UserFilter {
  private readonly memory: Memory;
  private readonly settings: UserFilterSettings;
  private readonly now: () => number;

  /** @param now The clock, in seconds since 1970. */
  constructor(memory: Memory, settings: UserFilterSettings, now: () => number = () => Date.now() / 1000) {
    this.memory = memory;
    this.settings = settings;
    this.now = now;
  }

  /** Judges a message; changes nothing. All is asked for at once, which over a network is one round trip. */
  async judge(reading: Reading): Promise<Opinion> {
    const [{ totals, evidence }, { earlier }] = await Promise.all([
      this.known(reading),
      this.standing(reading.fingerprint),
    ]);
    const scores = scoresOf(evidence);
    const taught = { spam: totals.spamLearned, innocent: totals.innocentLearned };
    return {
      ...calibrated(scores, taught, this.settings.hamCost),
      scores,
      evidence,
      totals: { ...totals },
      isNew: earlier === undefined,
    };
  }

  /** Takes a message that arrives: judges it, stores its signature, counts it, and learns from the judgement if the training mode says so. */
  async receive(reading: Reading): Promise<Receipt> {
    return await this.take(reading, await this.judge(reading));
  }

  /**
   * Takes a message that arrives and has been judged.
   *
   * @param opinion The one of {@link judge}, or what others have said in its place.
   */
  async take(reading: Reading, opinion: Opinion): Promise<Receipt> {
    const { trainingMode, trainPristine = false } = this.settings;
    if (trainingMode === 'notrain') return { opinion, signature: undefined };
    const signature = trainPristine ? undefined : newSignature(this.now());
    const belief = beliefIn(trainingMode, opinion, opinion.totals.uncorrected);
    const learns = belief > 0 && opinion.isNew;
    await this.keep(reading, opinion, { spam: opinion.spam, belief: learns ? belief : 0, signature });
    return { opinion, signature };
  }

  /**
   * Takes a message that DSPAM's engine has judged, and learns that judgement in every mode: nobody else tells this filter what is right while it judges nothing.
   *
   * @param signature Under which both engines keep the message; undefined: under none.
   * @returns The own opinion, of which nobody hears.
   */
  async follow(reading: Reading, spam: boolean, signature: string | undefined): Promise<Opinion> {
    const opinion = await this.judge(reading);
    await this.keep(reading, opinion, { spam, belief: opinion.isNew ? mostBelief : 0, signature });
    return opinion;
  }

  /** Stores the signature of a message, and counts it or learns it. */
  private async keep(
    reading: Reading,
    { evidence, spam: judgedSpam }: Opinion,
    { spam, belief, signature }: { spam: boolean; belief: number; signature: string | undefined },
  ): Promise<void> {
    const change =
      belief > 0
        ? this.lesson(
            copyOf(evidence),
            reading,
            { spam, belief, correction: false, source: undefined },
            evidence,
          )
        : { totals: spam ? { spamClassified: 1 } : { innocentClassified: 1 } };
    const notes = [...(change.notes ?? [])];
    if (signature !== undefined) {
      const { fingerprint, windows } = reading;
      let packed: Uint8Array | undefined;
      notes.push({
        space: 'signature',
        key: Buffer.from(signature, 'latin1'),
        // Packed when it is written: who keeps the user in memory answers before.
        get value() {
          return (packed ??= encodeSigned({ judgedSpam, fingerprint, windows }));
        },
        expires: Math.ceil(this.now() + this.settings.signatureDays * 86_400),
      });
    }
    await this.memory.apply({ ...change, totals: { ...change.totals, uncorrected: 1 }, notes });
  }

  /** Learns a message as the class that a person tells. */
  async learn(reading: Reading, spam: boolean, source: Source): Promise<Learning> {
    return await whileOthersLearn(async () => await this.learnOnce(reading, spam, source));
  }

  private async learnOnce(reading: Reading, spam: boolean, source: Source): Promise<Learning> {
    const [{ earlier, expects }, { totals: known, evidence }] = await Promise.all([
      this.standing(reading.fingerprint),
      this.known(reading),
    ]);
    if (earlier?.spam === spam && earlier.source !== undefined) return 'duplicate';
    const taught = copyOf(evidence);
    if (earlier !== undefined) unlearn(taught, earlier.spam, earlier.rounds);
    const lesson = { spam, belief: 1, correction: source !== 'corpus', source };
    const change = this.lesson(taught, reading, lesson, evidence);
    const totals = sumOf(change.totals, earlier && takenBack(earlier), {
      [spam ? 'spamMisclassified' : 'innocentMisclassified']: source === 'error' ? 1 : 0,
      uncorrected: -known.uncorrected,
    });
    await this.memory.apply({ ...change, totals, expects }, { durable: true });
    return earlier === undefined || earlier.spam === spam ? 'learned' : 'relearned';
  }

  /** Takes back what was learned of a message; false if nothing was. */
  async forget({ fingerprint, features }: Pick<Reading, 'fingerprint' | 'features'>): Promise<boolean> {
    const { earlier, expects } = await this.standing(fingerprint);
    if (earlier === undefined) return false;
    const { evidence } = await this.known({ features });
    const taught = copyOf(evidence);
    unlearn(taught, earlier.spam, earlier.rounds);
    const totals = sumOf(takenBack(earlier), trainedSince(taught, evidence));
    const notes: Note[] = [{ space: 'learned', key: fingerprint, value: undefined }];
    const change = { expects, features: differences(taught, evidence), totals, notes };
    await this.memory.apply(change, { durable: true });
    return true;
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

  private async known({
    features,
  }: Pick<Reading, 'features'>): Promise<{ totals: Totals; evidence: Evidence }> {
    const [totals, values] = await Promise.all([
      this.memory.totals(),
      this.memory.readFeatures(features.keys),
    ]);
    const trained = { spam: totals.spamTrained, innocent: totals.innocentTrained };
    return { totals, evidence: evidenceOf(features, values, trained) };
  }

  /** What was learned of a message, and that a change relies on it. */
  private async standing(
    fingerprint: Uint8Array,
  ): Promise<{ earlier: Learned | undefined; expects: Expectation[] }> {
    const value = await this.memory.note('learned', fingerprint);
    const earlier = value === undefined ? undefined : decodeLearned(value);
    return { earlier, expects: [{ space: 'learned', key: fingerprint, value }] };
  }

  /** Learns in the evidence, and puts what differs from `before` into a change. */
  private lesson(
    evidence: Evidence,
    { fingerprint }: Reading,
    { source, ...lesson }: Lesson & { readonly source: Source | undefined },
    before: Evidence,
  ): Change & { totals: Partial<Totals> } {
    const { spam } = lesson;
    const rounds = learn(evidence, lesson);
    const fed = source === 'corpus' || source === 'inoculation';
    const totals: Partial<Totals> = {
      [spam ? 'spamLearned' : 'innocentLearned']: 1,
      [spam ? 'spamCorpusfed' : 'innocentCorpusfed']: fed ? 1 : 0,
      ...trainedSince(evidence, before),
    };
    const note: Note = { space: 'learned', key: fingerprint, value: encodeLearned({ spam, source, rounds }) };
    return { features: differences(evidence, before), totals, notes: [note] };
  }
}

/** The totals that a lesson taken back no longer counts in; that a person once corrected something stays counted, as with DSPAM. */
function takenBack({ spam, source }: Learned): Partial<Totals> {
  const fed = source === 'corpus' || source === 'inoculation';
  return {
    [spam ? 'spamLearned' : 'innocentLearned']: -1,
    [spam ? 'spamCorpusfed' : 'innocentCorpusfed']: fed ? -1 : 0,
  };
}

function trainedSince({ trained }: Evidence, before: Evidence): Partial<Totals> {
  return {
    spamTrained: trained.spam - before.trained.spam,
    innocentTrained: trained.innocent - before.trained.innocent,
  };
}

/** The evidence to learn in: what was known before stays as it was, for an opinion, and to be compared with. */
function copyOf(evidence: Evidence): Evidence {
  return { ...evidence, values: evidence.values.slice() };
}

/** The rows in which the evidence differs from what it was, as deltas; undefined if none does. */
function differences({ keys, values }: Evidence, before: Evidence): Change['features'] {
  const delta = (at: number): number => (values[at] ?? 0) - (before.values[at] ?? 0);
  let rows = 0;
  for (let i = 0; i < keys.length; i++) if (delta(2 * i) !== 0 || delta(2 * i + 1) !== 0) rows++;
  // Most messages change nothing.
  if (rows === 0) return undefined;
  const changed = { keys: new Float64Array(rows), values: new Int32Array(2 * rows) };
  for (let i = 0, row = 0; i < keys.length; i++) {
    const a = delta(2 * i);
    const b = delta(2 * i + 1);
    if (a === 0 && b === 0) continue;
    changed.keys[row] = keys[i] ?? 0;
    changed.values[2 * row] = a;
    changed.values[2 * row + 1] = b;
    row++;
  }
  return changed;
}
