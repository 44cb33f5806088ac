/**
 * Learning many messages at once.
 *
 * Work goes in slices of less than a second. Between slices the user's store is let go of, so that mail is judged
 * meanwhile; each slice is one atomic change, so that a run that is killed has learned whole slices and goes on
 * from there when it is started again: what was learned already is a duplicate. With DSPAM's engine each message is a change of its own.
 */
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config/load.ts';
import { systemCode } from '../errors.ts';
import type { UserStore } from '../store/contract.ts';
import { DspamFilter, type DspamReading } from './dspam-filter.ts';
import type { Reading } from './reading.ts';
import { over, sharedModel } from './shared.ts';
import { UserFilter, type Learning } from './userfilter.ts';
import { membershipOf } from './groups.ts';
import { userName, withUser } from './users.ts';
import { WarmUser } from './warm.ts';

/** A message with its class, read. */
export interface Example {
  readonly reading: Reading;
  /** What DSPAM's engine reads; needed where it is set. */
  readonly dspam?: DspamReading | undefined;
  readonly spam: boolean;
  /** Ids found in it: where the filter has signed it for this user, what it kept is learned, as a correction. */
  readonly signatures?: readonly string[];
  /** Learn it only if the filter has signed it. */
  readonly signedOnly?: boolean;
}

/** Learns an example; undefined if it was not to be learned. */
type Learner = (example: Example) => Promise<Learning | undefined>;

/** How long a slice may hold the store, in milliseconds. */
const sliceLength = 700;

/** How long the store is left to others after a slice, in milliseconds: more than the 20 between their tries (store/). */
const pause = 50;

/** How long to wait for the store before a slice, in milliseconds. */
const patience = 60_000;

/**
 * Learns examples in their order for one user, who is created if unknown.
 *
 * @param examples Read one ahead of what is learned; they alternate between the classes, or the learners forget the one that came first.
 * @param learned Called for each example once its slice is on disk.
 */
export async function learnAll<Item extends Example>(
  config: Config,
  user: string,
  examples: AsyncIterator<Item>,
  learned: (example: Item, learning: Learning) => void,
): Promise<void> {
  const { engine } = config.settings;
  const { owner } = membershipOf(config, userName(user, config));
  let warm: WarmUser | undefined;
  const warmLearner = async (store: UserStore): Promise<Learner> => {
    if (!(await warm?.follow(store))) warm = undefined;
    warm ??= await WarmUser.load(store);
    return learnByModel(new UserFilter(over(sharedModel(config.home), warm), config.settings));
  };
  let next = await examples.next();
  for (let slices = 0; next.done !== true; slices++) {
    if (slices > 0) await setTimeout(pause);
    const slice: [Item, Learning][] = [];
    await withUser(config, owner, { create: true, wait: patience }, async (store) => {
      if (store === undefined) return;
      const learn = engine === 'dspam' ? learnByDspam(config, store) : await warmLearner(store);
      const end = performance.now() + sliceLength;
      while (next.done !== true && performance.now() < end) {
        const learning = await learn(next.value);
        if (learning !== undefined) slice.push([next.value, learning]);
        next = await examples.next();
      }
      await warm?.flush();
    });
    for (const [example, learning] of slice) learned(example, learning);
  }
}

function learnByDspam({ settings }: Config, store: UserStore): Learner {
  const filter = new DspamFilter(store, settings);
  return async (example) => {
    const { dspam, spam } = example;
    if (dspam === undefined) throw new Error("The example lacks what DSPAM's engine reads.");
    const signed = await signedReading<DspamReading>(filter, example);
    if (signed !== undefined) return await filter.learn(signed, spam, 'error', true);
    return example.signedOnly === true ? undefined : await filter.learn(dspam, spam, 'corpus', false);
  };
}

function learnByModel(filter: UserFilter): Learner {
  return async (example) => {
    const { reading, spam } = example;
    const signed = await signedReading<Reading>(filter, example);
    if (signed !== undefined) return await filter.learn(signed, spam, 'error');
    return example.signedOnly === true ? undefined : await filter.learn(reading, spam, 'corpus');
  };
}

/** What the filter kept of an example that it has signed; undefined if it has not. */
async function signedReading<Read>(
  filter: { signed(id: string): Promise<Read> },
  { signatures = [] }: Example,
): Promise<Read | undefined> {
  for (const id of signatures.toReversed()) {
    try {
      return await filter.signed(id);
    } catch (error) {
      if (systemCode(error) !== 'SIGNATURE_UNKNOWN') throw error;
    }
  }
  return undefined;
}
