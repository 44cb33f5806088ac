/**
 * The tokenizers: words of a line of a header field or of the body become names of tokens.
 *
 * A string holds one byte a character, case is kept and nothing is stemmed. Words of 1 to 49 bytes count; longer ones are passed
 * over without breaking a chain or moving a window.
 *
 * - `word`: each word.
 * - `chain`: each word, and each pair of neighbours, `first+second`.
 * - `osb`: each pair within five words, words between them as holes: `first+#+second`.
 * - `sbph`: each choice of words within five that begins with the first, the others as holes: 16 a word.
 */
import type { Tokenizer } from './options.ts';

/** The longest word that counts, in bytes. */
const longest = 49;

/** The longest pattern of `osb` and `sbph`, in bytes. */
const longestPattern = 255;

/** Words that a window of `osb` and `sbph` spans. */
const span = 5;

type Place = 'header' | 'body';

const plain: Readonly<Record<Place, ReadonlySet<string>>> = {
  header: new Set(' ,;:\n\t\r@-+*'),
  body: new Set(' .,;:\n\t\r@-+*'),
};
const bodyOfSparse = ' .,;:"/\\[]}{=+_()<>|&\n\t\r@-*~`?#$%^';
const sparse: Readonly<Record<Place, ReadonlySet<string>>> = {
  header: new Set(bodyOfSparse.replace(/[._-]/g, '')),
  body: new Set(bodyOfSparse),
};

/** Which of the following words a pattern has, as bits of a mask, for each tokenizer with a window. */
const masks = {
  osb: [1, 2, 4, 8],
  sbph: Array.from({ length: 2 ** (span - 1) }, (_, mask) => mask),
};

/** The names of the tokens of a text, in the order in which they end, `sbph` and `osb` in that in which they begin. */
export function namesOf(text: string, tokenizer: Tokenizer, place: Place): string[] {
  switch (tokenizer) {
    case 'word':
      return plainWords(text, place);
    case 'chain':
      return chained(plainWords(text, place));
    case 'osb':
    case 'sbph':
      return patterns(wordsOf(text, sparse[place]), masks[tokenizer]);
  }
}

/** The pieces of a URL. They are those of the body of `word`, whichever the tokenizer. */
export function piecesOf(url: string): string[] {
  return plainWords(url, 'body');
}

function plainWords(text: string, place: Place): string[] {
  return wordsOf(text, plain[place]).map(withoutMarks);
}

/** Trailing exclamation marks are cut while the word keeps one byte. */
function withoutMarks(word: string): string {
  let end = word.length;
  while (end > 1 && word[end - 1] === '!') end--;
  return word.slice(0, end);
}

function wordsOf(text: string, delimiters: ReadonlySet<string>): string[] {
  const words: string[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    if (at < text.length && !delimiters.has(text[at] ?? '')) continue;
    if (at > start && at - start <= longest) words.push(text.slice(start, at));
    start = at + 1;
  }
  return words;
}

function chained(words: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    const previous = words[i - 1];
    return previous === undefined ? [word] : [word, `${previous}+${word}`];
  });
}

function patterns(words: readonly string[], choices: readonly number[]): string[] {
  const names: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const room = 2 ** Math.min(span - 1, words.length - 1 - i);
    for (const mask of choices) {
      if (mask < room) names.push(pattern(words, i, mask));
    }
  }
  return names;
}

/** The word at `first` and those behind it that the mask names, `#` for those between that it does not. */
function pattern(words: readonly string[], first: number, mask: number): string {
  let name = words[first] ?? '';
  for (let rest = mask, at = first + 1; rest > 0; rest >>= 1, at++) {
    name += (rest & 1) === 1 ? `+${words[at] ?? ''}` : '+#';
  }
  return name.slice(0, longestPattern);
}
