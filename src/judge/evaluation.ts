/**
 * The online protocol of the TREC spam track: each message in its order is judged, the score is noted, then its class may be
 * told. Who tells what, and when, is the feedback.
 *
 * The filter under test is the one that judges mail, in front of a real store; only the writes are held back and made together.
 */
import type { UserFilter, Opinion } from './userfilter.ts';
import type { Reading } from './reading.ts';

/** How people tell the class of their mail. */
export type Feedback =
  | { readonly kind: 'full' | 'errors' | 'unsure' | 'half' | 'none' }
  | { readonly kind: 'delay' | 'first'; readonly count: number };

/** A message to judge, with the class that feedback tells, which may be wrong on purpose. */
export interface Trial {
  readonly reading: Reading;
  readonly told: boolean;
}

/** A message is unsure while its score is no further from the threshold. */
const unsure = 4;

/** Whether mail that passes is taken as the training mode says, signature and all, or only judged. */
export function passes({ kind }: Feedback): boolean {
  return kind === 'half' || kind === 'first' || kind === 'none';
}

/** Runs the protocol for one filter, message by message. */
export class Evaluation {
  private readonly filter: UserFilter;
  private readonly feedback: Feedback;
  private readonly late: Trial[] = [];
  private judged = 0;
  private errors = 0;

  constructor(filter: UserFilter, feedback: Feedback) {
    this.filter = filter;
    this.feedback = feedback;
  }

  /** Judges the next message, then gives the feedback that is due. */
  async step(trial: Trial): Promise<Opinion> {
    const { reading } = trial;
    const opinion = passes(this.feedback)
      ? (await this.filter.receive(reading)).opinion
      : await this.filter.judge(reading);
    this.judged++;
    const wrong = opinion.spam !== trial.told;
    if (wrong) this.errors++;
    await this.tell(trial, opinion, wrong);
    return opinion;
  }

  private async tell(trial: Trial, opinion: Opinion, wrong: boolean): Promise<void> {
    const { feedback } = this;
    switch (feedback.kind) {
      case 'full':
        return await this.learn(trial, 'corpus');
      case 'errors':
        return wrong ? await this.learn(trial, 'error') : undefined;
      case 'unsure':
        if (wrong) return await this.learn(trial, 'error');
        return Math.abs(opinion.score) < unsure ? await this.learn(trial, 'corpus') : undefined;
      case 'half':
        return wrong && this.errors % 2 === 0 ? await this.learn(trial, 'error') : undefined;
      case 'first':
        return this.judged <= feedback.count ? await this.learn(trial, 'corpus') : undefined;
      case 'delay': {
        this.late.push(trial);
        const due = this.late.length > feedback.count ? this.late.shift() : undefined;
        return due === undefined ? undefined : await this.learn(due, 'corpus');
      }
      case 'none':
        return undefined;
    }
  }

  private async learn({ reading, told }: Trial, source: 'corpus' | 'error'): Promise<void> {
    await this.filter.learn(reading, told, source);
  }
}
