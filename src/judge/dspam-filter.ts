/**
 * One user's filter with DSPAM's engine: judges, signs, learns and takes back, as {@link UserFilter} does with tamis' own.
 *
 * Its tokens, totals and notes are kept apart from those of the model, so that each knows only what it learned itself. Different from
 * DSPAM: a message (by its fingerprint) counts once, so that retraining twice with one signature changes nothing the second time; what is taken back is what
 * was learned, which DSPAM concludes from the mode.
 */
import { judge, type Judgement } from '../classifier/dspam/judge.ts';
import type { JudgeOptions } from '../classifier/dspam/options.ts';
import type { DspamTotals, Hits } from '../classifier/dspam/probability.ts';
import { readMessage } from '../classifier/dspam/text.ts';
import { tokensOf, type Tokens } from '../classifier/dspam/tokens.ts';
import { learn, learnsVerdicts, patternsOf, type Lesson } from '../classifier/dspam/training.ts';
import type { Settings } from '../config/settings.ts';
import { TamisError } from '../errors.ts';
import type { Change, Expectation, Note, UserStore } from '../store/contract.ts';
import { whileOthersLearn } from './again.ts';
import { countsOf, dspamCounter, type Counts } from './counts.ts';
import { keptUnder, signatureNotes, tokenSignature, type DspamReading } from './dspam-signature.ts';
import type { Source } from './notes.ts';
import { newSignature } from './signature.ts';
import type { Learning } from './userfilter.ts';

/** What the filter needs of a store. */
export type TokenMemory = Pick<UserStore, 'readTokens' | 'totals' | 'note' | 'apply' | 'dspamSignature'>;

/** What the engine reads of a message, given by its first bytes and by what else was read of it. */
export function dspamReading(
  prefix: Uint8Array,
  { fingerprint }: Pick<DspamReading, 'fingerprint'>,
): DspamReading {
  return { text: readMessage(prefix), fingerprint };
}

/** A judgement with the signature that retrains it. */
export interface DspamReceipt {
  readonly judgement: Judgement;
  readonly signature: string | undefined;
}

/** What a message was learned as, and whether a person told it. */
interface Learned {
  readonly spam: boolean;
  readonly told: boolean;
}

/** What is known of a message's tokens. */
interface Known {
  readonly tokens: Tokens;
  readonly lookup: (key: bigint) => Hits;
  readonly totals: DspamTotals;
}

/** Fields that together no two messages share, and that nobody changes on the way. */
const tellingFields = ['from', 'date', 'message-id'] as const;

/** What tells this engine's notes from the model's. */
const mark = 'dspam ';

/** Judges and learns for one user. */
export class DspamFilter {
  private readonly memory: TokenMemory;
  private readonly settings: Settings;
  private readonly options: JudgeOptions;
  private readonly now: () => number;

  constructor(memory: TokenMemory, settings: Settings, now: () => number = () => Date.now() / 1000) {
    this.memory = memory;
    this.settings = settings;
    this.options = optionsOf(settings);
    this.now = now;
  }

  /** Judges a message that arrives, stores its signature and learns from it as the training mode says; `classify`: changes nothing; `told`: others have said what it is. */
  async receive(
    reading: DspamReading,
    classify: boolean,
    told?: Pick<Judgement, 'spam' | 'probability' | 'confidence'>,
  ): Promise<DspamReceipt> {
    const known = await this.known(reading);
    const judgement = { ...judge(known.tokens, known.lookup, known.totals, this.options), ...told };
    if (classify || this.settings.trainingMode === 'notrain') return { judgement, signature: undefined };
    const { spam, confidence } = judgement;
    const signature = this.settings.trainPristine ? undefined : newSignature(this.now());
    const expires = Math.ceil(this.now() + this.settings.signatureDays * 86_400);
    const signed = signature === undefined ? [] : signatureNotes(signature, reading, expires);
    const forDspam = {
      signature: signature === undefined ? undefined : tokenSignature(signature, known.tokens),
    };
    const earlier = await this.learned(reading.fingerprint);
    if (earlier !== undefined) {
      await this.memory.apply({ ...forDspam, notes: signed });
      return { judgement, signature };
    }
    const lesson = { spam, source: 'inbound', unlearn: false, takesBack: false, confidence } as const;
    const { change, learns } = this.change(known, lesson);
    const notes = learns ? [...signed, learnedNote(reading, spam, false)] : signed;
    await this.memory.apply({ ...change, ...forDspam, notes });
    return { judgement, signature };
  }

  /** Learns a message as the class that a person tells; once, however often it is told. */
  async learn(reading: DspamReading, spam: boolean, source: Source): Promise<Learning> {
    return await whileOthersLearn(async () => await this.learnOnce(reading, spam, source));
  }

  private async learnOnce(reading: DspamReading, spam: boolean, source: Source): Promise<Learning> {
    const { earlier, expects } = await this.standing(reading.fingerprint);
    const told = learnedNote(reading, spam, true);
    if (earlier?.spam === spam) {
      if (!earlier.told) await this.memory.apply({ expects, notes: [told] });
      return 'duplicate';
    }
    const { trainingMode } = this.settings;
    // What DSPAM itself has signed was learned there, if its mode says so.
    const signedThere = reading.keys !== undefined;
    const takesBack =
      earlier !== undefined || (signedThere && source === 'error' && learnsVerdicts(trainingMode));
    const known = await this.known(reading);
    const { change } = this.change(known, { spam, source, unlearn: false, takesBack, confidence: 1 });
    await this.memory.apply({ ...change, expects, notes: [told] }, { durable: true });
    return earlier === undefined ? 'learned' : 'relearned';
  }

  /** Takes back what was learned of a message; false if nothing was. */
  async forget(reading: DspamReading): Promise<boolean> {
    const { earlier, expects } = await this.standing(reading.fingerprint);
    if (earlier === undefined) return false;
    const known = await this.known(reading);
    const lesson = {
      spam: earlier.spam,
      source: 'corpus',
      unlearn: true,
      takesBack: false,
      confidence: 1,
    } as const;
    const { change } = this.change(known, lesson);
    const gone: Note = { space: 'learned', key: learnedKey(reading.fingerprint), value: undefined };
    await this.memory.apply({ ...change, expects, notes: [gone] }, { durable: true });
    return true;
  }

  /**
   * Finds what a signature kept.
   *
   * @throws TamisError SIGNATURE_UNKNOWN if there is none by this id, or no longer.
   */
  async signed(id: string): Promise<DspamReading> {
    const kept = await keptUnder(id, this.memory, this.now());
    if (kept !== undefined) return kept;
    const sentence = `The signature ${JSON.stringify(id)} is unknown or has expired; give the message itself on stdin.`;
    throw new TamisError('SIGNATURE_UNKNOWN', sentence);
  }

  private async known({ text, keys }: DspamReading): Promise<Known> {
    const tokens = keys === undefined ? tokensOf(text, this.options) : nameless(keys);
    const totals = countsOf(await this.memory.totals(), 'dspam');
    const hits = new Map<bigint, Hits>();
    const lookup = (key: bigint): Hits => hits.get(key) ?? { spam: 0, innocent: 0 };
    await this.read(tokens.all, hits);
    await this.read(patternsOf(tokens, lookup, totals, this.options), hits);
    return { tokens, lookup, totals };
  }

  private async read(tokens: Tokens['all'], hits: Map<bigint, Hits>): Promise<void> {
    if (tokens.length === 0) return;
    const values = await this.memory.readTokens(BigUint64Array.from(tokens, ({ key }) => key));
    for (const [at, { key }] of tokens.entries()) {
      hits.set(key, { spam: values[2 * at] ?? 0, innocent: values[2 * at + 1] ?? 0 });
    }
  }

  private change({ tokens, lookup, totals }: Known, lesson: Lesson): { change: Change; learns: boolean } {
    const mode = this.settings.trainingMode;
    const learning = learn(tokens, lookup, totals, lesson, { ...this.options, mode });
    const counts = Object.entries(learning.totals).map(
      ([name, delta]) => [dspamCounter(name as keyof Counts), delta] as const,
    );
    const change = {
      tokens: {
        keys: BigUint64Array.from(learning.tokens, ({ key }) => key),
        values: Int32Array.from(learning.tokens.flatMap(({ spam, innocent }) => [spam, innocent])),
      },
      totals: Object.fromEntries(counts),
    };
    return { change, learns: (learning.totals.spamLearned ?? learning.totals.innocentLearned) === 1 };
  }

  private async learned(fingerprint: Uint8Array): Promise<Learned | undefined> {
    return (await this.standing(fingerprint)).earlier;
  }

  /** What was learned of a message, and that a change relies on it. */
  private async standing(
    fingerprint: Uint8Array,
  ): Promise<{ earlier: Learned | undefined; expects: Expectation[] }> {
    const key = learnedKey(fingerprint);
    const value = await this.memory.note('learned', key);
    const flags = value?.[0];
    const earlier = flags === undefined ? undefined : { spam: (flags & 1) !== 0, told: (flags & 2) !== 0 };
    return { earlier, expects: [{ space: 'learned', key, value }] };
  }
}

/**
 * Whether a message is the one that a signature kept.
 *
 * A signature that DSPAM made has no fingerprint. There it is the message whose own fields that no two messages share gave tokens that the signature holds; a letter
 * that forwards a message has others before the message's.
 */
export function isKept(kept: DspamReading, message: DspamReading, options: JudgeOptions): boolean {
  if (kept.keys === undefined) return Buffer.compare(kept.fingerprint, message.fingerprint) === 0;
  const own = tellingFields.flatMap((name) => {
    const found = message.text.fields.find((field) => field.name.toLowerCase() === name);
    return found === undefined ? [] : [found];
  });
  const known = new Set(kept.keys);
  const { all } = tokensOf({ fields: own, body: '' }, { ...options, whitelist: false });
  return own.length === tellingFields.length && all.every(({ key }) => known.has(key));
}

/** Tokens of which the key alone is known, by the name that DSPAM gives them. */
function nameless(keys: BigUint64Array): Tokens {
  const all = Array.from(keys, (key) => ({ name: `E: ${key.toString()}`, key, frequency: 1 }));
  return { all, sender: undefined, stream: [] };
}

/** The settings as the engine takes them. */
export function optionsOf(settings: Settings): JudgeOptions {
  return {
    tokenizer: settings.tokenizer,
    whitelist: settings.enableWhitelist,
    ignoredFields: settings.ignoreHeaders,
    algorithms: settings.algorithms,
    pValue: settings.pValue,
    bias: settings.processorBias,
    sedation: settings.statisticalSedation,
    noise: settings.enableBNR,
    whitelistThreshold: settings.whitelistThreshold,
    untilMature: settings.trainingMode === 'tum',
  };
}

function learnedKey(fingerprint: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(mark), fingerprint]);
}

/** One byte: bit 0, as spam; bit 1, a person told it. */
function learnedNote({ fingerprint }: DspamReading, spam: boolean, told: boolean): Note {
  const value = Uint8Array.of((spam ? 1 : 0) + (told ? 2 : 0));
  return { space: 'learned', key: learnedKey(fingerprint), value };
}
