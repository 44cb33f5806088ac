/**
 * Signatures in a message: `X-DSPAM-Signature` fields and `!DSPAM:…!` tags, wherever forwarding has put them, and tags out of the text,
 * since a tag is never a feature.
 */
import { textOf } from './encoding.ts';
import type { Split } from './split.ts';

const tag = '!DSPAM:';

/** DSPAM's ids: the number of the user's group where it has one, the time in hexadecimal, and decimal digits. */
const id = String.raw`((?:\d{1,10},)?[\da-f]{8}\d{1,60})`;
const field = new RegExp(String.raw`x-dspam-signature:[\s>]{0,20}${id}(?![\da-z])`, 'gi');
const tagEnd = new RegExp(`^${id}!`);

/** Longer than any tag, also one that a quoting program has cut in two lines. */
const reach = 120;

/**
 * The ids of all signatures in a message, those of tags and of fields written in the text behind those of header blocks: the last
 * one is the one that a person most likely means.
 */
export function findSignatures(split: Split): string[] {
  const inFields: string[] = [];
  const inText: string[] = [];
  for (const part of split.parts) {
    inFields.push(...fieldsIn(part.header.toString('latin1')));
    if (part.message !== undefined) inText.push(...findSignatures(part.message));
    else if (/^(?:text|message|multipart)\/|^[^/]*$/.test(part.type)) {
      const text = textOf(part);
      inText.push(...fieldsIn(text), ...tagsIn(text));
    }
  }
  return [...inFields, ...inText];
}

/** A text without its tags; a line that holds nothing else vanishes. */
export function withoutTags(text: string): string {
  if (!text.includes(tag)) return text;
  return text
    .split('\n')
    .flatMap((line) => {
      if (!line.includes(tag)) return [line];
      const [first = '', ...others] = line.split(tag);
      const rest = others.map((piece) => {
        const end = tagEnd.exec(piece.slice(0, reach))?.[0];
        return end === undefined ? tag + piece : piece.slice(end.length);
      });
      const left = first + rest.join('');
      return left === line || /[^\s>]/.test(left) ? [left] : [];
    })
    .join('\n');
}

function fieldsIn(text: string): string[] {
  return Array.from(text.matchAll(field), ([, found = '']) => found);
}

/** Tags may be cut by the line ends and `>` of a quotation. */
function tagsIn(text: string): string[] {
  const found: string[] = [];
  for (let at = text.indexOf(tag); at >= 0; at = text.indexOf(tag, at + 1)) {
    const start = at + tag.length;
    const match = tagEnd.exec(text.slice(start, start + reach).replace(/[\s>]+/g, ''))?.[1];
    if (match !== undefined) found.push(match);
  }
  return found;
}
