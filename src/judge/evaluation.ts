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

/** A message is unsure while its log odds of spam are no further from 0. */
const unsure = 4;

/** Whether mail that passes is taken as the training mode says, signature and all, or only judged because its class is told. */
export function passes({ kind }: Feedback): boolean {
  return kind !== 'full' && kind !== 'delay';
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
    const due = this.due(trial, opinion, wrong);
    if (due !== undefined) await this.filter.learn(due.trial.reading, due.trial.told, due.source);
    return opinion;
  }

  /** The message whose class is told now, if one is. */
  private due(trial: Trial, { score }: Opinion, wrong: boolean): Told | undefined {
    const { feedback } = this;
    switch (feedback.kind) {
      case 'full':
        return { trial, source: 'corpus' };
      case 'errors':
        return wrong ? { trial, source: 'error' } : undefined;
      case 'unsure':
        if (wrong) return { trial, source: 'error' };
        return Math.abs(score) < unsure ? { trial, source: 'corpus' } : undefined;
      case 'half':
        return wrong && this.errors % 2 === 0 ? { trial, source: 'error' } : undefined;
      case 'first':
        return this.judged <= feedback.count ? { trial, source: 'corpus' } : undefined;
      case 'delay': {
        this.late.push(trial);
        const late = this.late.length > feedback.count ? this.late.shift() : undefined;
        return late && { trial: late, source: 'corpus' };
      }
      case 'none':
        return undefined;
    }
  }
}

/** A class told by somebody. */
interface Told {
  readonly trial: Trial;
  readonly source: 'corpus' | 'error';
}
