/**
 * What the beginning of a text looks like: its letters, some other characters, and its lines, counted in one pass.
 */

/** How much of a text, and how many lines of it, are looked at. */
const judged = { text: 20_000, lines: 400 } as const;

const lineFeed = 0x0a;

/** Counts of characters, and of what the first lines are. */
export interface TextLook {
  readonly upper: number;
  readonly lower: number;
  readonly exclamations: number;
  readonly dollars: number;
  /** Not ASCII. */
  readonly foreign: number;
  /** Lines that begin with `>`. */
  readonly quoted: number;
  /** Whether a line says that a signature follows. */
  readonly signed: boolean;
  /** Characters of the longest line. */
  readonly longest: number;
  /** Lines of capitals. */
  readonly shouted: number;
  /** The first line that is not blank, without blanks at its ends. */
  readonly first: string;
}

/** Looks at a text in one pass, which most of the time meets ASCII only. */
export function lookOf(whole: string): TextLook {
  const text = whole.slice(0, judged.text);
  let [upper, lower, otherLower, exclamations, dollars, foreign] = [0, 0, 0, 0, 0, 0];
  let [quoted, longest, shouted, signed, first] = [0, 0, 0, false, ''];
  // Of the line: where it begins, and what was counted before it.
  let [from, lines, upperBefore, lowerBefore] = [0, 0, 0, 0];
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : lineFeed;
    if (code >= 0x61 && code <= 0x7a) lower++;
    else if (code >= 0x41 && code <= 0x5a) upper++;
    else if (code === 0x21) exclamations++;
    else if (code === 0x24) dollars++;
    else if (code === lineFeed) {
      if (lines++ >= judged.lines) continue;
      const length = at - from;
      longest = Math.max(longest, length);
      if (length > 0 && text.charCodeAt(from) === 0x3e) quoted++;
      if (length === 3 && text.startsWith('-- ', from)) signed = true;
      if (upper - upperBefore >= 4 && lower === lowerBefore && isShouted(text.slice(from, at))) shouted++;
      if (first === '') first = text.slice(from, at).trim();
      [from, upperBefore, lowerBefore] = [at + 1, upper, lower];
    } else if (code > 0x7f) {
      foreign++;
      const letter = String.fromCodePoint(text.codePointAt(at) ?? code);
      if (/^\p{Lu}/u.test(letter)) upper++;
      else if (/^\p{Ll}/u.test(letter)) otherLower++;
    }
  }
  lower += otherLower;
  return { upper, lower, exclamations, dollars, foreign, quoted, signed, longest, shouted, first };
}

/** Whether a line without small letters of ASCII is of capitals. */
function isShouted(line: string): boolean {
  return line === line.toUpperCase() && /\p{Lu}{4}/u.test(line);
}
