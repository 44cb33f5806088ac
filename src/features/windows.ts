/**
 * The windows: what the learners read of a message, and all that retraining needs of it.
 *
 * They hold UTF-8: the header fields that somebody looks at (fields.ts) one a line as `Name: value`, the Received fields
 * apart, the beginning and the end of the text with runs of white space made one blank, the beginnings of what is hidden and of what few readers see, and
 * the facts (facts.ts). What delivery adds is not in them. The bounds are part of the defence: a sender who
 * stuffs a message with ham reaches only so much of what is read.
 *
 * Deflated they are what a signature keeps, about 3 KiB, at most 10:
 *
 *     2 bytes   length of each window but the last, big-endian
 *     …         the windows in the order of {@link Windows}
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { oneLine } from '../message/blanks.ts';
import type { Content, Field } from '../message/content.ts';
import { essenceOf, type Essence } from '../message/essence.ts';
import { mostBytes } from './fact-lines.ts';
import { factsOf } from './facts.ts';
import { isShown } from './fields.ts';

/** The most bytes that each window holds. */
export const limits: Readonly<Record<keyof Windows, number>> = {
  sender: 2000,
  route: 1000,
  start: 2000,
  end: 1000,
  aside: 2000,
  facts: mostBytes,
};

/** Characters of a text that hold a window, whatever they are, and one more: at the cut may stand half a pair of UTF-16. */
const reach = { start: limits.start + 2, end: limits.end + 2 } as const;

/** What is hidden or apart counts from so many characters. */
const fewWords = 100;

/** How much of one field is read, in characters: many recipients do not push the subject out. */
const longestValue = 400;

/** What the learners read of a message, in UTF-8. */
export interface Windows {
  /** The fields that somebody looks at. */
  readonly sender: Uint8Array;
  /** The Received fields. */
  readonly route: Uint8Array;
  /** The beginning of the text. */
  readonly start: Uint8Array;
  /** Its end, where it is longer than the beginning. */
  readonly end: Uint8Array;
  /** What few readers see, if that is more than a few words: hidden text, then alternatives and what is attached. */
  readonly aside: Uint8Array;
  /** Facts, one a line: those of fields and parts, an empty line, those of the text. */
  readonly facts: Uint8Array;
}

const names = ['sender', 'route', 'start', 'end', 'aside', 'facts'] as const satisfies (keyof Windows)[];

/** Cuts the windows out of what a message says. */
export function windowsOf(content: Content, { fields, text }: Essence = essenceOf(content)): Windows {
  const isReceived = ({ name }: Field): boolean => name.toLowerCase() === 'received';
  const { start, end } = endsOf(text);
  return {
    sender: lines(shownFields(fields), limits.sender),
    route: lines(fields.filter(isReceived), limits.route),
    start,
    end,
    aside: asideOf(content),
    facts: factsOf(content, fields),
  };
}

/** The fields that somebody looks at, each once, what every reader sees first: whoever stuffs others does not push that out. */
function shownFields(fields: readonly Field[]): Field[] {
  const found = new Map<string, Field>();
  for (const field of fields) {
    const name = field.name.toLowerCase();
    if (isShown(name) && !found.has(name)) found.set(name, field);
  }
  const ahead = ['from', 'subject'].flatMap((name) => found.get(name) ?? []);
  return [...new Set([...ahead, ...found.values()])];
}

/** For some kilobytes: zlib's own defaults take three times as long, mostly to clear memory that is not needed. */
const small = { level: 3, memLevel: 6, windowBits: 13 } as const;

/** Packs windows into the bytes that a signature keeps; {@link unpackWindows} reverses it. */
export function packWindows(windows: Windows): Uint8Array {
  return deflateRawSync(joinWindows(windows), small);
}

/** Restores packed windows. Throws what zlib throws on bytes that are none. */
export function unpackWindows(packed: Uint8Array): Windows {
  return splitWindows(inflateRawSync(packed, { maxOutputLength: 64 * 1024 }));
}

/** Windows one after another, not deflated; {@link splitWindows} reverses it. */
export function joinWindows(windows: Windows): Uint8Array {
  const lengths = Buffer.alloc(2 * (names.length - 1));
  for (const [i, name] of names.slice(0, -1).entries()) lengths.writeUInt16BE(windows[name].length, 2 * i);
  return Buffer.concat([lengths, ...names.map((name) => windows[name])]);
}

/** Restores joined windows. */
export function splitWindows(joined: Uint8Array): Windows {
  const bytes = Buffer.from(joined.buffer, joined.byteOffset, joined.byteLength);
  let at = 2 * (names.length - 1);
  const windows = names.map((name, i): [string, Uint8Array] => {
    const end = i < names.length - 1 ? at + bytes.readUInt16BE(2 * i) : bytes.length;
    const window = bytes.subarray(at, end);
    at = end;
    return [name, window];
  });
  return Object.fromEntries(windows) as Record<keyof Windows, Uint8Array>;
}

/** The beginning and the end of a text in one line. Of a long one only what surely holds them is looked at. */
function endsOf(text: string): Pick<Windows, 'start' | 'end'> {
  if (text.length > reach.start + reach.end) {
    const head = Buffer.from(text.slice(0, reach.start));
    const tail = Buffer.from(text.slice(-reach.end));
    return { start: head.subarray(0, limits.start), end: tail.subarray(tail.length - limits.end) };
  }
  const bytes = Buffer.from(text);
  return {
    start: bytes.subarray(0, limits.start),
    end: bytes.subarray(Math.max(limits.start, bytes.length - limits.end)),
  };
}

/** The beginning of each, a line end between; what is hidden leaves half of the room. */
function asideOf({ hidden, aside }: Content): Uint8Array {
  const texts = [hidden, aside].filter((text) => text.trim().length >= fewWords).map(oneLine);
  let room: number = limits.aside;
  const pieces = texts.map((text, at) => {
    const share = Math.floor(room / (texts.length - at));
    const piece = Buffer.from(`${text.slice(0, share)}\n`).subarray(0, share);
    room -= piece.length;
    return piece;
  });
  return Buffer.concat(pieces);
}

function lines(fields: readonly Field[], limit: number): Uint8Array {
  const texts = fields.map(({ name, value }) => `${name}: ${value.slice(0, longestValue)}\n`);
  return Buffer.from(texts.join('')).subarray(0, limit);
}
