/**
 * DSPAM's training modes: what the filter learns by itself from mail that passes. What a person tells is learned in every mode.
 *
 * A judgement of its own is learned with a belief below that in a person's word, much below where it is not sure, and is taken
 * back exactly when a person tells otherwise. A filter that nobody corrects would teach itself its own errors until it
 * collapses (measured with every filter), so it stops believing itself after {@link silence} messages without a word.
 */
import type { Settings } from '../config/settings.ts';
import type { Opinion } from './userfilter.ts';

/** `toe`, `teft`, `tum` or `notrain`. */
export type TrainingMode = Settings['trainingMode'];

/** Settings that a command line may have otherwise for its message though a daemon judges it: DSPAM's `--mode` and `--feature`. */
type MessageSetting = 'trainingMode' | 'enableBNR' | 'enableWhitelist' | 'statisticalSedation';

/** The names of these. */
export const messageSettings: readonly MessageSetting[] = [
  'trainingMode',
  'enableBNR',
  'enableWhitelist',
  'statisticalSedation',
];

/** Values of these, unchecked words. */
export type MessageSettings = Readonly<Partial<Record<MessageSetting, string>>>;

/** Messages without a word from a person after which the filter learns nothing by itself any more. */
const silence = 200;

/** The most that the filter believes itself, or another engine. */
export const mostBelief = 0.35;

/** Messages of each class after which TUM takes itself as mature. */
const mature = 1000;

/** Which judgements a mode learns: none (TOE, NOTRAIN), all (TEFT), all until a user has taught enough (TUM). */
const learns: Record<TrainingMode, (opinion: Pick<Opinion, 'totals'>) => boolean> = {
  toe: () => false,
  teft: () => true,
  tum: ({ totals }) => Math.min(totals.spamLearned, totals.innocentLearned) < mature,
  notrain: () => false,
};

/** How far the filter believes its own judgement of a message that passes, 0 (not learned) to {@link mostBelief}. */
export function beliefIn(
  mode: TrainingMode,
  opinion: Pick<Opinion, 'totals' | 'confidence'>,
  uncorrected: number,
): number {
  if (uncorrected >= silence || !learns[mode](opinion)) return 0;
  return mostBelief * opinion.confidence ** 2;
}
