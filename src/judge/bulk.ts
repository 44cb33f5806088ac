/**
 * Learning many messages at once.
 *
 * Each slice of the work (slices.ts) is one atomic change, so that a run that is killed has learned whole slices and goes on
 * from there when it is started again: what was learned already is a duplicate. Where DSPAM's engine judges each message is a change of its own.
 *
 * A slice that is refused, because another host has learned one of its messages meanwhile, is learned anew from what is in the store then: half of it
 * first, so that two hosts that learn the same mail come past each other.
 */
import type { Config } from '../config/load.ts';
import { systemCode } from '../errors.ts';
import type { UserStore } from '../store/contract.ts';
import { Engines } from './engines.ts';
import type { Reading } from './reading.ts';
import { over, sharedModel } from './shared.ts';
import { UserFilter, type Learning } from './userfilter.ts';
import { membershipOf } from './groups.ts';
import { firstSigned } from './signature.ts';
import { inSlices } from './slices.ts';
import { standingOf } from './standing.ts';
import { userName } from './users.ts';
import { WarmUser } from './warm.ts';

/** A message with its class, read. */
export interface Example {
  readonly reading: Reading;
  /** Its beginning, of which DSPAM's engine makes a reading of its own. */
  readonly prefix: Uint8Array;
  readonly spam: boolean;
  /** Ids found in it: where the filter has signed it for this user, what it kept is learned, as a correction. */
  readonly signatures?: readonly string[];
  /** Learn it only if the filter has signed it. */
  readonly signedOnly?: boolean;
}

/** Refusals one after the other, of fewer messages each time, at which it is given up. */
const mostRefusals = 20;

/** Learns an example; undefined if it was not to be learned. */
type Learner = (example: Example) => Promise<Learning | undefined>;

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
  const { settings, home } = config;
  const { owner } = membershipOf(config, userName(user, config));
  let warm: WarmUser | undefined;
  const warmLearner = async (store: UserStore): Promise<Learner> => {
    if (!(await warm?.follow(store))) warm = undefined;
    warm ??= await WarmUser.load(store);
    return learnByModel(new UserFilter(over(sharedModel(home), warm), settings));
  };
  /** What is to be learned next: the one that was read ahead, before it what was refused. */
  const waiting: Item[] = [];
  /** Reads one ahead; whether there is more to learn. */
  const readOn = async (): Promise<boolean> => {
    if (waiting.length > 0) return true;
    const next = await examples.next();
    if (next.done !== true) waiting.push(next.value);
    return next.done !== true;
  };
  let most = Infinity;
  let refusals = 0;
  if (!(await readOn())) return;
  await inSlices(config, owner, true, async (store, isOver) => {
    const slice: Item[] = [];
    const learnings: (Learning | undefined)[] = [];
    const standing = await standingOf(store, settings, config);
    if (standing.judge === 'dspam') warm = undefined;
    const learn =
      standing.judge === 'dspam'
        ? learnByAll(await Engines.load({ name: owner, memory: store, settings, home }, standing))
        : await warmLearner(store);
    while (slice.length < most && (slice.length === 0 || !isOver())) {
      const item = waiting.shift();
      if (item === undefined) break;
      slice.push(item);
      learnings.push(await learn(item));
      await readOn();
    }
    try {
      await warm?.flush();
    } catch (error) {
      if (systemCode(error) !== 'STORE_CHANGED' || ++refusals > mostRefusals) throw error;
      warm = undefined;
      waiting.unshift(...slice);
      most = Math.ceil(slice.length / 2);
      return false;
    }
    most = Infinity;
    refusals = 0;
    for (const [at, example] of slice.entries()) {
      const learning = learnings[at];
      if (learning !== undefined) learned(example, learning);
    }
    return waiting.length === 0;
  });
}

function learnByAll(engines: Engines): Learner {
  return async ({ reading, prefix, spam, signatures = [], signedOnly = false }) => {
    const signed = await firstSigned(engines, signatures.toReversed());
    if (signed !== undefined)
      return await engines.learn(engines.completed(signed.reading, prefix, reading), spam, 'error');
    return signedOnly ? undefined : await engines.learn(engines.read(prefix, reading), spam, 'corpus');
  };
}

function learnByModel(filter: UserFilter): Learner {
  return async (example) => {
    const { reading, spam, signatures = [] } = example;
    const signed = await firstSigned(filter, signatures.toReversed());
    if (signed !== undefined) return await filter.learn(signed.reading, spam, 'error');
    return example.signedOnly === true ? undefined : await filter.learn(reading, spam, 'corpus');
  };
}
