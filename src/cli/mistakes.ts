/** The worst mistakes of an evaluation, with their reasons. */
import { explain } from '../classifier/explanation.ts';
import type { FullReading } from '../judge/reading.ts';
import type { Opinion } from '../judge/userfilter.ts';
import type { Mistake } from '../report/mistake.ts';

/** How many of each class are kept, and how many reasons of each. */
const kept = 10;
const reasonCount = 8;

/** A message that was judged wrongly. */
interface Candidate {
  readonly path: string;
  readonly spam: boolean;
  readonly place: number;
  readonly reading: FullReading;
  readonly opinion: Opinion;
}

/** Collects the mistakes that lie furthest on the wrong side; a message is explained only if it is one of them so far. */
export class WorstMistakes {
  private readonly classes = { ham: [] as Mistake[], spam: [] as Mistake[] };

  /** Takes a mistake. The reasons are taken from the opinion, which holds what was known when it was judged. */
  add({ path, spam, place, reading, opinion }: Candidate): void {
    const worst = this.classes[spam ? 'spam' : 'ham'];
    const side = spam ? 1 : -1;
    const { score, probability, evidence } = opinion;
    const at = worst.findIndex((other) => side * score < side * other.score);
    const rank = at < 0 ? worst.length : at;
    if (rank >= kept) return;
    const subject = reading.content.fields.find(({ name }) => name.toLowerCase() === 'subject')?.value ?? '';
    const reasons = explain(reading.windows, evidence).reasons.slice(0, reasonCount);
    worst.splice(rank, 0, { path, subject, spam, score, probability, place, reasons });
    worst.length = Math.min(worst.length, kept);
  }

  /** Ham first, of each class the worst first. */
  list(): Mistake[] {
    return [...this.classes.ham, ...this.classes.spam];
  }
}
