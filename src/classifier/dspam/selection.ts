/**
 * The most significant tokens of a message, as DSPAM selects them: by distance from one half, then frequency, then complexity (words and
 * holes of a pattern).
 *
 * Ties. DSPAM meets tokens in the order of its dictionary (key modulo 24593, then as first seen) and compares the distance of the one that it meets,
 * rounded to single precision, with the unrounded ones in the list. So of equal probabilities whose distance rounds up (.01, .99, .4) the later
 * token always wins, of those that round down the earlier one, and frequency and complexity decide only where a
 * distance is exact. All the same the order is kept here, because the factors, and which of a hundred tokens of .01 are used twice, follow from it.
 * What remains equal is won by the later token.
 */
import type { Weighed } from './weighing.ts';

interface Entry {
  readonly weighed: Weighed;
  readonly distance: number;
  readonly complexity: number;
}

/** The `size` most significant tokens, the most significant first. */
export function mostSignificant(tokens: readonly Weighed[], size: number): Weighed[] {
  // The least significant first: that is where a new token begins its way up.
  const list: Entry[] = [];
  for (const weighed of tokens) {
    const distance = Math.abs(0.5 - weighed.probability);
    const rounded = Math.fround(distance);
    const complexity = complexityOf(weighed.token.name);
    const entry = { weighed, distance, complexity };
    let place = 0;
    while (place < list.length && exceeds(rounded, entry, list[place])) place++;
    if (place === 0 && list.length === size) continue;
    list.splice(place, 0, entry);
    if (list.length > size) list.shift();
  }
  return list.reverse().map(({ weighed }) => weighed);
}

/** Whether a new token goes above one of the list. */
function exceeds(rounded: number, entry: Entry, listed: Entry | undefined): boolean {
  if (listed === undefined) return false;
  if (rounded !== listed.distance) return rounded > listed.distance;
  if (entry.weighed.frequency !== listed.weighed.frequency) {
    return entry.weighed.frequency > listed.weighed.frequency;
  }
  return entry.complexity >= listed.complexity;
}

function complexityOf(name: string): number {
  let complexity = 1;
  for (const character of name) if (character === '+') complexity++;
  return complexity;
}
