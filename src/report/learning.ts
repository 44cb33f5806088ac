/** The learning curve: the figures of an evaluation, taken after more and more of its messages. */
import { figures, type Judged } from './figures.ts';

/** What the first messages came to; shares run from 0 to 1, NaN where a class is missing. */
export interface Stage {
  readonly messages: number;
  /** 1-ROCA, as a share. */
  readonly misranked: number;
  readonly hamLost: number;
  readonly spamMissed: number;
}

/** How many stages a curve has at most. */
const stageCount = 40;

/** The stages of judgements in the order in which they were made, the last one over all of them. */
export function learningStages(judged: readonly Judged[]): Stage[] {
  const count = Math.min(stageCount, judged.length);
  return Array.from({ length: count }, (_, n) => {
    const messages = Math.round((judged.length * (n + 1)) / count);
    const { oneMinusRocaPercent, hamErrorPercent, spamErrorPercent } = figures(judged.slice(0, messages));
    return {
      messages,
      misranked: oneMinusRocaPercent / 100,
      hamLost: hamErrorPercent / 100,
      spamMissed: spamErrorPercent / 100,
    };
  });
}
