/** What a spammer may know of somebody's ham: its words and its text. */
import type { Random } from '../../src/report/random.ts';

/** A word counts as ham's own if it is this many times as frequent in ham as in spam, and in so many messages. */
const ratio = 4;
const leastKnown = 40;
const leastCommon = 5;

/** Counts the words of messages. */
export class Vocabulary {
  private readonly counts = new Map<string, { ham: number; spam: number }>();
  private readonly messages = { ham: 0, spam: 0 };
  /** The text of all ham. */
  private readonly texts: string[] = [];

  add(text: string, spam: boolean): void {
    const kind = spam ? 'spam' : 'ham';
    this.messages[kind]++;
    if (!spam && text.length > 500) this.texts.push(text);
    for (const word of new Set(text.split(/[^\p{L}'-]+/u))) {
      if (word.length < 3 || word.length > 20) continue;
      const count = this.counts.get(word) ?? { ham: 0, spam: 0 };
      count[kind]++;
      this.counts.set(word, count);
    }
  }

  /** Words that occur in several ham messages, whatever spam says. */
  common(): string[] {
    return [...this.counts].filter(([, { ham }]) => ham >= leastCommon).map(([word]) => word);
  }

  /** The words that argue most for ham: the worst case, in which the spammer knows what was learned. */
  known(): string[] {
    const { ham: all, spam: others } = this.messages;
    return [...this.counts]
      .filter(([, { ham, spam }]) => ham >= leastKnown && ham / all > (ratio * spam) / others)
      .map(([word]) => word);
  }

  /** Whole ham text, pasted together until it is so many bytes long. */
  paste(bytes: number, random: Random): string {
    let pasted = '';
    while (pasted.length < bytes) pasted += `${this.texts[random.below(this.texts.length)] ?? ''}\n\n`;
    return pasted.slice(0, bytes);
  }
}

/** So many words, drawn at random. */
export function drawn(words: readonly string[], count: number, random: Random): string {
  return Array.from({ length: count }, () => words[random.below(words.length)] ?? '').join(' ');
}
