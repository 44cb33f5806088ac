/**
 * Normalised Unicode: one way to write each word, and the tricks that hide words counted.
 *
 * Text becomes NFKC (which also turns fullwidth and mathematical letters into plain ones); characters of no width and
 * directional marks are taken out; a word that mixes Latin letters with Cyrillic or Greek ones that look Latin gets Latin
 * ones (Unicode TS 39, "confusables", the part of it that mail abuses). Words of one script are left alone. Linear in the text.
 */
import type { Marks } from './content.ts';

/** Counts that grow as texts are normalised. */
export type MarkCounts = { -readonly [Name in keyof Marks]: number };

// Soft hyphen, combining grapheme joiner, Mongolian vowel separator, zero-width characters, word joiner and invisible
// operators, byte order mark, variation selectors, tag characters.
const zeroWidth =
  /[\u00ad\u180e\u200b\u200c\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]|\u034f|\u200d|[\ufe00-\ufe0f]/gu;
// The same behind letters of scripts that never need one: there they hide a word.
const hidingZeroWidth =
  /(?<=[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}])(?:[\u00ad\u180e\u200b\u200c\u2060-\u2064\ufeff]|\u034f|\u200d)/gu;
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const notAscii = /[^\0-\u007f]/;
const word = /[\p{Letter}\p{Mark}]+/gu;
const latin = /\p{Script=Latin}/u;
const lookAlike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

const from = 'аАВсСеЕНіІјЈкКМоОрРѕЅТхХуУԁԛԝһгьЗбαΑΒεΕΖηΗιΙκΚΜνΝοΟρΡτΤυΥχΧγοսօհցոզᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᏚᎢᏙᎳᏃ';
const to = 'aABcCeEHiIjJkKMoOpPsSTxXyYdqwhrb36aABeEZnHiIkKMvNoOpPtTuYxXyouohgnqABCDEHJKLMPSTVWZ';
const folded = new Map(Array.from(from, (letter, i) => [letter, to.charAt(i)]));

/** Normalises one text and adds to the counts what was taken out of it. */
export function normaliseText(text: string, marks: MarkCounts): string {
  if (!notAscii.test(text)) return text;
  marks.zeroWidth += count(text, hidingZeroWidth);
  marks.bidi += count(text, bidi);
  return text
    .replace(zeroWidth, '')
    .replace(bidi, '')
    .normalize('NFKC')
    .replace(word, (letters) => {
      if (!latin.test(letters) || !lookAlike.test(letters)) return letters;
      marks.mixedScript++;
      return Array.from(letters, (letter) => folded.get(letter) ?? letter).join('');
    });
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
