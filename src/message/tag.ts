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
const ownField = new RegExp(String.raw`^x-dspam-signature[\t ]{0,20}:\s{0,20}${id}(?![\da-z])`, 'gim');
const tagEnd = new RegExp(`^${id}!`);

/** Longer than any tag, also one that a quoting program has cut in two lines. */
const reach = 120;

/**
 * The ids of all signatures in a message, the one that a person most likely means last: those in the header blocks of parts,
 * those in the text (fields, then tags, part by part), and last those of the message's own fields. The filter takes a sender's fields
 * of ours out of the header block on delivery, so that a field there is the filter's; a tag may have been written by anybody who
 * has seen one.
 */
export function findSignatures(split: Split): string[] {
  const inFields: string[] = [];
  const inText: string[] = [];
  for (const [index, part] of split.parts.entries()) {
    if (index > 0) inFields.push(...fieldsIn(part.header.toString('latin1'), field));
    if (part.message !== undefined) inText.push(...findSignatures(part.message));
    else if (/^(?:text|message|multipart)\/|^[^/]*$/.test(part.type)) {
      const text = textOf(part);
      inText.push(...fieldsIn(text, field), ...tagsIn(text));
    }
  }
  const own = split.parts[0]?.header.toString('latin1') ?? '';
  return [...inFields, ...inText, ...fieldsIn(own, ownField)];
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

function fieldsIn(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, found = '']) => found);
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
