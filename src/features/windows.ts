/**
 * The windows: the bytes of a message that the learners read, and all that retraining needs of it.
 *
 * Deflated, a pair of windows is what a signature keeps. They hold UTF-8: the judged header fields one a line as
 * `Name: value`, and the beginning of the text with runs of white space made one blank. Hidden text and what delivery adds are not in
 * them. Bounds: see {@link limits}; the beginning of a message is harder to stuff with ham than the whole (reference: Cormack's
 * "first 3k characters").
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Content } from '../message/content.ts';
import { judgedFields } from '../message/delivered.ts';

/** The most bytes that a window holds. */
export const limits = { header: 4000, text: 6000 } as const;

/** What the learners read of a message. */
export interface Windows {
  /** UTF-8, at most limits.header bytes. */
  readonly header: Uint8Array;
  /** UTF-8, at most limits.text bytes. */
  readonly text: Uint8Array;
}

/** Cuts the windows out of what a message says. */
export function windowsOf(content: Content): Windows {
  const lines = judgedFields(content.fields).map(({ name, value }) => `${name}: ${value}\n`);
  return { header: cut(lines.join(''), limits.header), text: cut(collapse(content.text), limits.text) };
}

/** Packs windows into the bytes that a signature keeps; {@link unpackWindows} reverses it. */
export function packWindows({ header, text }: Windows): Uint8Array {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(header.length);
  return deflateRawSync(Buffer.concat([length, header, text]), { level: 9 });
}

/** Restores packed windows. Throws what zlib throws on bytes that are none. */
export function unpackWindows(packed: Uint8Array): Windows {
  const bytes = inflateRawSync(packed, { maxOutputLength: 2 + limits.header + limits.text });
  const end = 2 + bytes.readUInt16BE();
  return { header: bytes.subarray(2, end), text: bytes.subarray(end) };
}

function collapse(text: string): string {
  // More than the window can need, so that a message of megabytes is not collapsed as a whole.
  return text
    .slice(0, 16 * limits.text)
    .replace(/\s+/gu, ' ')
    .trim();
}

function cut(text: string, bytes: number): Uint8Array {
  return Buffer.from(text.slice(0, bytes), 'utf8').subarray(0, bytes);
}
