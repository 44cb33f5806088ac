/**
 * Signatures in a message: `X-DSPAM-Signature` fields and `!DSPAM:…!` tags, wherever forwarding has put them, and tags out of the text,
 * since a tag is never a feature.
 */
import { decodeText } from './charset.ts';
import { decodeBody } from './read.ts';
import type { Split } from './split.ts';

/** What an id is found behind, and what must follow it. */
const places: readonly (readonly [before: string, id: RegExp])[] = [
  ['x-dspam-signature:', /^[ \t]{0,20}((?:\d{1,10},)?[\da-f]{8}\d{1,60})(?![\da-z])/i],
  ['!dspam:', /^((?:\d{1,10},)?[\da-f]{8}\d{1,60})!/],
];

/** Longer than anything that an id of {@link places} can match. */
const reach = 120;

/**
 * The ids of all signatures in a message, those of tags and of fields written in the text behind those of header blocks: the last
 * one is the one that a person most likely means.
 */
export function findSignatures(split: Split): string[] {
  const inFields: string[] = [];
  const inText: string[] = [];
  for (const part of split.parts) {
    inFields.push(...idsIn(part.header.toString('latin1')));
    if (part.message !== undefined) inText.push(...findSignatures(part.message));
    else if (part.type.startsWith('text/') || part.type.startsWith('message/')) {
      inText.push(...idsIn(decodeText(decodeBody(part), part.charset)));
    }
  }
  return [...inFields, ...inText];
}

/** A text without its tags; a line that holds nothing else vanishes. */
export function withoutTags(text: string): string {
  if (!text.includes('!DSPAM:')) return text;
  return text
    .split('\n')
    .flatMap((line) => {
      if (!line.includes('!DSPAM:')) return [line];
      const rest = withoutTagsInLine(line);
      return /[^\s>]/.test(rest) ? [rest] : [];
    })
    .join('\n');
}

function withoutTagsInLine(line: string): string {
  const [first = '', ...others] = line.split('!DSPAM:');
  const rest = others.map((piece) => {
    const id = /^(?:\d{1,10},)?[\da-f]{8}\d{1,60}!/.exec(piece)?.[0];
    return id === undefined ? `!DSPAM:${piece}` : piece.slice(id.length);
  });
  return first + rest.join('');
}

function idsIn(text: string): string[] {
  const lower = text.toLowerCase();
  const found: string[] = [];
  for (const [before, id] of places) {
    for (let at = lower.indexOf(before); at >= 0; at = lower.indexOf(before, at + 1)) {
      const start = at + before.length;
      const match = id.exec(text.slice(start, start + reach))?.[1];
      if (match !== undefined) found.push(match);
    }
  }
  return found;
}
