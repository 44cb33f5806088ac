/**
 * Learning many messages at once.
 *
 * Each slice of the work (slices.ts) is one atomic change, so that a run that is killed has learned whole slices and goes on
 * from there when it is started again: what was learned already is a duplicate. Where DSPAM's engine judges each message is a change of its own.
 */
import type { Config } from '../config/load.ts';
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
  let next = await examples.next();
  if (next.done === true) return;
  await inSlices(config, owner, true, async (store, isOver) => {
    const slice: [Item, Learning][] = [];
    const standing = await standingOf(store, settings, config);
    if (standing.judge === 'dspam') warm = undefined;
    const learn =
      standing.judge === 'dspam'
        ? learnByAll(await Engines.load({ name: owner, memory: store, settings, home }, standing))
        : await warmLearner(store);
    while (next.done !== true && !isOver()) {
      const learning = await learn(next.value);
      if (learning !== undefined) slice.push([next.value, learning]);
      next = await examples.next();
    }
    await warm?.flush();
    for (const [example, learning] of slice) learned(example, learning);
    return next.done === true;
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
