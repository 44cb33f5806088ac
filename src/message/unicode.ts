/**
 * Normalised Unicode: one way to write each word, and the tricks that hide words counted.
 *
 * Text becomes NFKC (which also turns fullwidth and mathematical letters into plain ones); characters of no width and
 * directional marks are taken out; a word that mixes Latin letters with Cyrillic or Greek ones that look Latin gets Latin
 * ones (Unicode TS 39, "confusables", the part of it that mail abuses). Words of one script are left alone.
 *
 * Characters of no width are counted beside Latin, Cyrillic and Greek letters only: these scripts never need one, while Indic
 * and Arabic writing and emoji do. Directional marks are counted where they turn text around or stand inside a word. Linear
 * in the text.
 */
import type { Marks } from './content.ts';

/** Counts that grow as texts are normalised. */
export type MarkCounts = { -readonly [Name in keyof Marks]: number };

const notAscii = /[^\0-\x7f]/;

/** Soft hyphens, zero-width characters, variation selectors, tags, directional marks (Unicode, section 5.21). */
const unseen = /\p{Default_Ignorable_Code_Point}+/gu;
const directional = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const turning = /[\u202d\u202e]/g;
const plainLetter = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u;

/** The most marks that a letter keeps: as many as Unicode's stream-safe text has (UAX 15, section 13). */
const mostMarks = 30;
const marksOfLetter = /\p{Mark}+/gu;

const word = /[\p{Letter}\p{Mark}]+/gu;
const latin = /\p{Script=Latin}/u;
const otherScript = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

const from = 'аАВсСеЕНіІјЈкКМоОрРѕЅТхХуУѵӏӀԁԛԝһгьЗбαΑΒεΕΖηΗιΙκΚΜνΝοΟρΡτΤυΥχΧγսօհցոզᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᏚᎢᏙᎳᏃ';
const to = 'aABcCeEHiIjJkKMoOpPsSTxXyYvlIdqwhrb36aABeEZnHiIkKMvNoOpPtTuYxXyuohgnqABCDEHJKLMPSTVWZ';
const lookAlikes = new Map(Array.from(from, (letter, i) => [letter, to.charAt(i)]));

/** Normalises one text and adds to the counts what was taken out of it. */
export function normaliseText(text: string, marks: MarkCounts): string {
  if (!notAscii.test(text)) return text;
  let seen = normal(text);
  if (seen.search(unseen) >= 0) seen = normal(withoutUnseen(seen, marks));
  return otherScript.test(seen) && latin.test(seen) ? withoutLookAlikes(seen, marks) : seen;
}

/** NFKC; it takes the square of the number of marks on one letter, so that those no writing has are cut off. */
function normal(text: string): string {
  const bounded = text.replace(marksOfLetter, (run) =>
    run.length > mostMarks ? Array.from(run).slice(0, mostMarks).join('') : run,
  );
  return bounded.normalize('NFKC');
}

function withoutUnseen(text: string, marks: MarkCounts): string {
  return text.replace(unseen, (run: string, at: number) => {
    const before = plainLetter.test(text.charAt(at - 1));
    const after = plainLetter.test(text.charAt(at + run.length));
    const marksOf = run.match(directional)?.length ?? 0;
    if (before || (after && at > 0 && !isPartOfBefore(run)))
      marks.zeroWidth += Array.from(run).length - marksOf;
    marks.bidi += before && after ? marksOf : (run.match(turning)?.length ?? 0);
    return '';
  });
}

/** Whether a run begins with what belongs to the character before it: a joiner, a variation selector or a tag. */
function isPartOfBefore(run: string): boolean {
  const code = run.codePointAt(0) ?? 0;
  return code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f) || code >= 0xe0000;
}

function withoutLookAlikes(text: string, marks: MarkCounts): string {
  return text.replace(word, (letters) => {
    if (!latin.test(letters) || !otherScript.test(letters)) return letters;
    const folded = Array.from(letters, (letter) => lookAlikes.get(letter) ?? letter).join('');
    if (folded !== letters) marks.mixedScript++;
    return folded;
  });
}
