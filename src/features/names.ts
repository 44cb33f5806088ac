/**
 * Names of features that a person can read. Built only when somebody asks why, in a second pass over the windows.
 *
 * A gram is named after where it first stands: the header field, or the word of the text. A pair is its two words.
 */
import { headerGrams, pairKey, textGrams } from './keys.ts';
import { spans, wordsOf } from './features.ts';
import type { Windows } from './windows.ts';

/** Which learner a name belongs to. */
export type Kind = 'header' | 'text' | 'pairs';

/** A feature's name. */
export interface FeatureName {
  readonly kind: Kind;
  readonly name: string;
}

/** The names of all features of a message, by key. */
export function namesOf(windows: Windows): Map<number, FeatureName> {
  const names = new Map<number, FeatureName>();
  const header = Buffer.from(windows.header);
  const text = Buffer.from(windows.text);
  nameGrams(names, header.subarray(0, spans.headerGrams), headerGrams, 'header', fieldAt);
  nameGrams(names, text.subarray(0, spans.textGrams), textGrams, 'text', wordAt);
  const bytes = [header, text.subarray(0, Math.max(0, spans.pairs - header.length))];
  const words = bytes.flatMap((window) =>
    window
      .toString('utf8')
      .split(/[\0- ]+/u)
      .filter((word) => word !== ''),
  );
  const hashes = wordsOf(...bytes);
  for (let i = 1; i < Math.min(words.length, hashes.length); i++) {
    const key = pairKey(hashes[i - 1] ?? 0, hashes[i] ?? 0);
    if (!names.has(key)) names.set(key, { kind: 'pairs', name: `${words[i - 1] ?? ''} ${words[i] ?? ''}` });
  }
  return names;
}

function nameGrams(
  names: Map<number, FeatureName>,
  bytes: Buffer,
  base: number,
  kind: Kind,
  nameAt: (bytes: Buffer, at: number, previous: Span) => Span,
): void {
  let span: Span = { end: 0, name: '' };
  for (let at = 0; at + 4 <= bytes.length; at++) {
    if (at >= span.end) span = nameAt(bytes, at, span);
    const key = base + bytes.readUInt32BE(at);
    if (!names.has(key)) names.set(key, { kind, name: span.name });
  }
}

/** A name and where the bytes end that bear it. */
interface Span {
  readonly end: number;
  readonly name: string;
}

function fieldAt(bytes: Buffer, at: number): Span {
  const end = indexOr(bytes, 10, at) + 1;
  const colon = bytes.indexOf(58, at);
  return { end, name: bytes.toString('utf8', at, colon < 0 || colon > end ? end : colon) };
}

function wordAt(bytes: Buffer, at: number): Span {
  const from = bytes[at] === 32 ? at + 1 : at;
  const end = indexOr(bytes, 32, from);
  return { end: Math.max(at + 1, end), name: bytes.toString('utf8', from, end) };
}

function indexOr(bytes: Buffer, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 ? bytes.length : at;
}
