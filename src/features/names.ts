/**
 * Names of features that a person can read. Built only when somebody asks why, in a second pass over the windows.
 *
 * A gram is named after where it first stands: the header field, or the word of the text. A pair is its two words.
 */
import { eachFact, pairWindows, senderDomain, wordsOf } from './features.ts';
import { factKey, gramBases, pairKey, senderKey } from './keys.ts';
import type { Windows } from './windows.ts';

/** What kind of feature a name is of. */
export type Kind = 'header' | 'fact' | 'text' | 'sender' | 'pair';

/** A feature's name. */
export interface FeatureName {
  readonly kind: Kind;
  readonly name: string;
}

/** The names of all features of a message, by key. */
export function namesOf(windows: Windows): Map<number, FeatureName> {
  const names = new Map<number, FeatureName>();
  nameGrams(names, windows.sender, gramBases.sender, 'header', fieldAt);
  nameGrams(names, windows.route, gramBases.route, 'header', fieldAt);
  nameGrams(names, windows.start, gramBases.text, 'text', wordAt);
  nameGrams(names, windows.end, gramBases.text, 'text', wordAt);
  nameGrams(names, windows.aside, gramBases.text, 'text', wordAt);
  const facts = Buffer.from(windows.facts);
  eachFact(facts, (from, to) => {
    names.set(factKey(facts, from, to), { kind: 'fact', name: facts.toString('utf8', from, to) });
  });
  for (const domain of senderDomain(facts)) {
    names.set(senderKey(domain), { kind: 'sender', name: Buffer.from(domain).toString('utf8') });
  }
  for (const window of pairWindows(windows)) namePairs(names, window);
  return names;
}

function namePairs(names: Map<number, FeatureName>, window: Uint8Array): void {
  // Decoded one byte a character, so that words are cut where the features cut them.
  const text = Array.from(Buffer.from(window).toString('latin1'), (letter) =>
    letter > ' ' ? letter : ' ',
  ).join('');
  const words = text.split(' ').filter((word) => word !== '');
  const hashes = wordsOf(window);
  for (let i = 1; i < words.length; i++) {
    const key = pairKey(hashes[i - 1] ?? 0, hashes[i] ?? 0);
    if (names.has(key)) continue;
    const name = Buffer.from(`${words[i - 1] ?? ''} ${words[i] ?? ''}`, 'latin1').toString('utf8');
    names.set(key, { kind: 'pair', name });
  }
}

function nameGrams(
  names: Map<number, FeatureName>,
  window: Uint8Array,
  base: number,
  kind: Kind,
  nameAt: (bytes: Buffer, at: number) => Span,
): void {
  const bytes = Buffer.from(window);
  let span: Span = { end: 0, name: '' };
  for (let at = 0; at + 4 <= bytes.length; at++) {
    if (at >= span.end) span = nameAt(bytes, at);
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
