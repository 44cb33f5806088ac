/**
 * DSPAM's training modes: what the filter learns by itself from mail that passes. Corrections and collections are learned in
 * every mode.
 */
import type { Settings } from '../config/settings.ts';
import type { Calibrated } from '../classifier/calibration.ts';

/** `toe`, `teft`, `tum` or `notrain`. */
export type TrainingMode = Settings['trainingMode'];

/** How sure a judgement must be for TUM to believe it. */
const mature = 0.9;

/**
 * Train on error learns nothing by itself; train everything learns every judgement; train until mature
 * learns a judgement it is sure of; notrain learns nothing, keeps no signature and counts nothing.
 */
const rules: Record<TrainingMode, (opinion: Calibrated) => boolean> = {
  toe: () => false,
  teft: () => true,
  tum: ({ confidence }) => confidence >= mature,
  notrain: () => false,
};

/** Whether the filter learns its own judgement of a message that passes. */
export function selfLearns(mode: TrainingMode, opinion: Calibrated): boolean {
  return rules[mode](opinion);
}
