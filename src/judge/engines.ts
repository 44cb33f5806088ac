/**
 * The engines of one user, as one: the one that judges, and in a contest (contest.ts) also the one that learns beside it. What a message changes in both
 * is one change of the store.
 */
import type { Config } from '../config/load.ts';
import { systemCode } from '../errors.ts';
import { log } from '../log.ts';
import type { Totals } from '../store/contract.ts';
import { whileOthersLearn } from './again.ts';
import { askedAhead } from './ahead.ts';
import * as contests from './contest.ts';
import type * as engine from './dspam-filter.ts';
import type { DspamFilter, DspamReceipt } from './dspam-filter.ts';
import type { DspamReading } from './dspam-signature.ts';
import type { AnyMemory, Member } from './members.ts';
import type { Source } from './notes.ts';
import { OneChange } from './one-change.ts';
import type { Reading } from './reading.ts';
import { over, sharedModel } from './shared.ts';
import { standingOf, type Standing } from './standing.ts';
import { UserFilter, type Learning } from './userfilter.ts';
import type { Verdict } from './verdict.ts';

/** DSPAM's engine, loaded where it judges. */
export const dspamEngine = (): Promise<typeof engine> => import('./dspam-filter.ts');

/** A message as each engine reads it; undefined: a signature did not keep that. */
export interface Readings {
  readonly own: Reading | undefined;
  readonly dspam: DspamReading | undefined;
}

/** The engines of a user, as the user stands. `message`: what they will be asked about, if that is known. */
export async function enginesOf(
  { name, memory: own, settings }: Pick<Member, 'name' | 'memory' | 'settings'>,
  config: Config,
  message?: Reading,
): Promise<Engines> {
  const memory = message === undefined ? own : askedAhead(own, message);
  const standing = await standingOf(memory, settings, config);
  return await Engines.load({ name, memory, settings, home: config.home }, standing);
}

/** Whose engines, and where what they learn is kept. */
interface Owner extends Pick<Member, 'name' | 'memory' | 'settings'> {
  readonly home: string;
}

/** Learns for one user. */
export class Engines {
  readonly #owner: Owner;
  #standing: Standing;
  readonly #module: typeof engine | undefined;

  private constructor(owner: Owner, standing: Standing, module: typeof engine | undefined) {
    this.#owner = owner;
    this.#standing = standing;
    this.#module = module;
  }

  static async load(owner: Owner, standing: Standing): Promise<Engines> {
    return new Engines(owner, standing, standing.judge === 'dspam' ? await dspamEngine() : undefined);
  }

  /** A message as these engines read it. */
  read(prefix: Uint8Array, own: Reading): Readings {
    return { own, dspam: this.#module?.dspamReading(prefix, own) };
  }

  /** Takes a message that arrives and that DSPAM's engine judges; `classify`: changes nothing. */
  async receive(
    { own: reading, dspam: message }: { readonly own: Reading; readonly dspam: DspamReading },
    classify: boolean,
    told?: Pick<Verdict, 'probability' | 'confidence'> & { readonly spam: boolean },
  ): Promise<DspamReceipt> {
    const { settings } = this.#owner;
    const change = new OneChange(this.#owner.memory);
    const { own, dspam } = this.#filters(change);
    if (dspam === undefined) throw new Error("DSPAM's engine does not judge here.");
    const receipt = await dspam.receive(message, classify, told);
    const { contest } = this.#standing;
    const competes = contest !== undefined && !classify && settings.trainingMode !== 'notrain';
    if (own === undefined || !competes) {
      await change.write();
      return receipt;
    }
    const { spam } = receipt.judgement;
    const opinion = await own.follow(reading, spam, receipt.signature);
    let standing = this.#standing;
    // What others have said is no verdict of the engine.
    if (opinion.isNew && told === undefined) {
      await change.apply({ totals: { contested: 1 } });
      const { spamLearned, innocentLearned } = opinion.totals;
      if (opinion.spam !== spam && Math.min(spamLearned, innocentLearned) >= contests.enough) {
        const difference = { round: contest.round, dspamSaidSpam: spam, corrected: false };
        const known = await contests.differenceOf(this.#owner.memory, reading.fingerprint);
        const earlier = known?.round === contest.round ? known : undefined;
        standing = await this.#count(change, contest, reading.fingerprint, earlier, difference);
      }
    }
    await this.#write(change, standing);
    return receipt;
  }

  /** Whether a message is spam to the one that judges; false where the message is not known in its form. */
  async isSpam({ own: reading, dspam: message }: Readings): Promise<boolean> {
    const { own, dspam } = this.#filters(this.#owner.memory);
    if (dspam !== undefined)
      return message !== undefined && (await dspam.receive(message, true)).judgement.spam;
    return own !== undefined && reading !== undefined && (await own.judge(reading)).spam;
  }

  /** Finds what a signature kept. @throws TamisError SIGNATURE_UNKNOWN if there is none by this id, or no longer. */
  async signed(id: string): Promise<Readings> {
    const { own, dspam } = this.#filters(this.#owner.memory);
    let unknown: unknown;
    const kept = async <Read>(
      filter: { signed(id: string): Promise<Read> } | undefined,
    ): Promise<Read | undefined> => {
      try {
        return await filter?.signed(id);
      } catch (error) {
        if (systemCode(error) !== 'SIGNATURE_UNKNOWN') throw error;
        unknown = error;
        return undefined;
      }
    };
    const readings = { own: await kept(own), dspam: await kept(dspam) };
    if (readings.own === undefined && readings.dspam === undefined) throw unknown;
    return readings;
  }

  /**
   * What a signature kept, and the message itself for the engine that it kept nothing for: DSPAM's own signatures hold nothing for tamis' model. A message that is
   * not the one that was signed (a letter that forwards it, or one that was altered) is not read.
   */
  completed(kept: Readings, prefix: Uint8Array, own: Reading): Readings {
    if (this.#module === undefined || (kept.own !== undefined && kept.dspam !== undefined)) return kept;
    const dspam = this.#module.dspamReading(prefix, own);
    const isSame =
      kept.dspam === undefined
        ? kept.own !== undefined && Buffer.compare(kept.own.fingerprint, own.fingerprint) === 0
        : this.#module.isKept(kept.dspam, dspam, this.#module.optionsOf(this.#owner.settings));
    return isSame ? { own: kept.own ?? own, dspam: kept.dspam ?? dspam } : kept;
  }

  /** Learns a message as the class that a person tells; once, however often it is told. */
  async learn(readings: Readings, spam: boolean, source: Source): Promise<Learning> {
    return await whileOthersLearn(async () => await this.#learnOnce(readings, spam, source));
  }

  async #learnOnce(readings: Readings, spam: boolean, source: Source): Promise<Learning> {
    const change = new OneChange(this.#owner.memory);
    const { own, dspam } = this.#filters(change);
    const learnings: Learning[] = [];
    if (dspam !== undefined && readings.dspam !== undefined)
      learnings.push(await dspam.learn(readings.dspam, spam, source));
    if (own !== undefined && readings.own !== undefined)
      learnings.push(await own.learn(readings.own, spam, source));
    const standing = await this.#told(change, readings, spam);
    await this.#write(change, standing);
    return learnings.find((learning) => learning !== 'duplicate') ?? 'duplicate';
  }

  /** Takes back what was learned of a message; false if nothing was. */
  async forget(readings: Readings): Promise<boolean> {
    return await whileOthersLearn(async () => await this.#forgetOnce(readings));
  }

  async #forgetOnce(readings: Readings): Promise<boolean> {
    const change = new OneChange(this.#owner.memory);
    const { own, dspam } = this.#filters(change);
    const byDspam = readings.dspam !== undefined && (await dspam?.forget(readings.dspam)) === true;
    const byOwn = readings.own !== undefined && (await own?.forget(readings.own)) === true;
    const standing = await this.#told(change, readings, undefined);
    await this.#write(change, standing);
    return byDspam || byOwn;
  }

  #filters(memory: AnyMemory): { own: UserFilter | undefined; dspam: DspamFilter | undefined } {
    const { settings, home } = this.#owner;
    const { judge, contest } = this.#standing;
    const module = judge === 'dspam' ? this.#module : undefined;
    const learnsOwn = judge === 'tamis' || contest !== undefined;
    return {
      own: learnsOwn ? new UserFilter(over(sharedModel(home), memory), settings) : undefined,
      dspam: module && new module.DspamFilter(memory, settings),
    };
  }

  /** Counts for the contest what a person has told of a message; undefined: nothing any more. */
  async #told(change: OneChange, { own, dspam }: Readings, spam: boolean | undefined): Promise<Standing> {
    const fingerprint = (own ?? dspam)?.fingerprint;
    const { contest } = this.#standing;
    if (contest === undefined || fingerprint === undefined) return this.#standing;
    const earlier = await contests.differenceOf(this.#owner.memory, fingerprint);
    if (earlier?.round !== contest.round) return this.#standing;
    const corrected = spam !== undefined && spam !== earlier.dspamSaidSpam;
    if (corrected === earlier.corrected) return this.#standing;
    return await this.#count(change, contest, fingerprint, earlier, { ...earlier, corrected });
  }

  /** Counts a difference instead of what it was, and lets the contest take its course; resolves to how the user stands then. */
  async #count(
    change: OneChange,
    contest: contests.Contest,
    fingerprint: Uint8Array,
    earlier: contests.Difference | undefined,
    difference: contests.Difference,
  ): Promise<Standing> {
    const { memory, settings } = this.#owner;
    const now = Date.now() / 1000;
    const counted: Partial<Totals> = { [contests.countOf(difference)]: 1 };
    if (earlier !== undefined) counted[contests.countOf(earlier)] = -1;
    const note = contests.differenceNote(
      fingerprint,
      difference,
      Math.ceil(now + settings.signatureDays * 86_400),
    );
    await change.apply({ totals: counted, notes: [note] });
    const totals = { ...(await memory.totals()) };
    for (const kind of contests.kinds) totals[kind] += counted[kind] ?? 0;
    const next = contests.decide(contest, totals, settings.hamCost, now);
    if (next === contest) return this.#standing;
    await change.apply({ notes: [contests.contestNote(next)] });
    return next.over === undefined ? { judge: 'dspam', contest: next } : { judge: 'tamis' };
  }

  async #write(change: OneChange, standing: Standing): Promise<void> {
    await change.write();
    if (standing.judge !== this.#standing.judge)
      log(
        `${this.#owner.name}: tamis' own model has proved better than DSPAM's engine and judges from now on.`,
      );
    this.#standing = standing;
  }
}
