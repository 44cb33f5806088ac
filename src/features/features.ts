/**
 * The features of a message, made from its windows in one pass each: byte 4-grams of the header block and of the text, facts,
 * the sender's domain, and pairs of adjacent words over both. All are binary (there or not) and distinct; usually 2,000, at most 8,000 grams and
 * 6,000 pairs.
 *
 * Single words are left out on purpose: a salad of good words makes no known pairs, and so argues for nothing.
 */
import { distinct, type Distinct, factKey, gramBases, mix, pairKey, senderKey } from './keys.ts';
import type { Windows } from './windows.ts';

/** The features of one message: distinct keys of each kind, which are parts of one array. */
export interface Features {
  /** All keys, kind after kind as they stand here. */
  readonly keys: Float64Array;
  /** Grams of the fields, then of the Received ones. */
  readonly header: Float64Array;
  /** Facts of fields and parts, then those of the text. */
  readonly facts: Float64Array;
  /** How many of the facts are of fields and parts. */
  readonly madeFacts: number;
  /** Grams of the beginning, then those of the end that are new. */
  readonly text: Float64Array;
  /** Those of what few readers see that are new. */
  readonly aside: Float64Array;
  /** The domain that it says to be from, if it says one. */
  readonly sender: Float64Array;
  /** Pairs of the fields, then those of the text that are new. */
  readonly pairs: Float64Array;
  /** How many of the pairs are the fields'. */
  readonly fieldPairs: number;
}

/** The longest word that tells two words apart; what follows is not looked at. */
const wordBytes = 40;

/** Room for the keys and words of one message: kept, because memory outside the engine's heap is dear to make and to let go of. */
let room = { keys: new Float64Array(), words: new Uint32Array() };

/** Room for the keys of so many bytes; good until it is asked for again. */
function roomFor(bytes: number): typeof room {
  if (room.keys.length < bytes)
    room = { keys: new Float64Array(bytes), words: new Uint32Array((bytes >> 1) + 1) };
  return room;
}

/** Names what is in the windows. */
export function featuresOf(windows: Windows): Features {
  const words = pairs(windows);
  const [, fieldPairs = 0] = words.ends;
  const facts = factKeys(windows.facts);
  const [madeFacts = 0] = facts.ends;
  const header = grams([gramBases.sender, windows.sender], [gramBases.route, windows.route]);
  const text = grams([gramBases.text, windows.start, windows.end, windows.aside]);
  const [, textEnd = 0] = text.ends;
  const sender = Float64Array.from(senderDomain(windows.facts), (domain) => senderKey(domain));
  const keys = joined([header.keys, facts.keys, text.keys, sender, words.keys]);
  let at = 0;
  const next = (length: number): Float64Array => keys.subarray(at, (at += length));
  return {
    keys,
    header: next(header.keys.length),
    facts: next(facts.keys.length),
    madeFacts,
    text: next(textEnd),
    aside: next(text.keys.length - textEnd),
    sender: next(sender.length),
    pairs: next(words.keys.length),
    fieldPairs,
  };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The windows that pairs are made of; a pair does not reach from one into the next. */
export function pairWindows({ sender, route, start, end }: Windows): readonly Uint8Array[] {
  return [sender, route, start, end];
}

/** Calls back for each line of a window of facts, given by where it begins and ends; `isMade`: of fields and parts, not of the text. */
export function eachFact(facts: Uint8Array, call: (from: number, to: number, isMade: boolean) => void): void {
  let isMade = true;
  let from = 0;
  for (let at = 0; at <= facts.length; at++) {
    if (at < facts.length && facts[at] !== lineFeed) continue;
    if (at === from) isMade = false;
    else call(from, at, isMade);
    from = at + 1;
  }
}

const lineFeed = 0x0a;

/** What facts.ts calls the domain of the sender. */
const senderFact = Buffer.from('from domain: ');

/** The domain that the facts of the fields say a message is from; none if they do not say one. */
export function senderDomain(facts: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  eachFact(facts, (from, to, isMade) => {
    if (isMade && found.length === 0 && isAt(facts, from, senderFact))
      found.push(facts.subarray(from + senderFact.length, to));
  });
  return found.filter(({ length }) => length > 0);
}

function isAt(bytes: Uint8Array, from: number, sought: Uint8Array): boolean {
  let at = 0;
  while (at < sought.length && bytes[from + at] === sought[at]) at++;
  return at === sought.length;
}

/** All facts: those of the fields and the parts, then those of the text. */
function factKeys(facts: Uint8Array): Distinct {
  const { keys } = roomFor(facts.length);
  let count = 0;
  let made = 0;
  eachFact(facts, (from, to, isMade) => {
    keys[count++] = factKey(facts, from, to);
    if (isMade) made = count;
  });
  return distinct(keys, [made, count]);
}

/** Slots for the grams of one base: half of what {@link distinct} takes for keys, so that they stay in the nearest cache. */
let gramSlots = new Int32Array();

/** All runs of four bytes within each window, as keys of its base, each once; and where those of each window end. */
function grams(...groups: readonly (readonly [base: number, ...windows: Uint8Array[]])[]): Distinct {
  const { keys } = roomFor(groups.reduce((sum, [, ...windows]) => sum + lengthOf(windows), 0));
  const ends: number[] = [];
  let count = 0;
  for (const [base, ...windows] of groups) {
    const bits = 32 - Math.clz32((2 * lengthOf(windows)) | 32);
    if (gramSlots.length < 2 ** bits) gramSlots = new Int32Array(2 ** bits);
    const slots = gramSlots.fill(0, 0, 2 ** bits);
    let zeros = 0;
    for (const bytes of windows) {
      let gram = 0;
      for (let i = 0; i < bytes.length; i++) {
        gram = (gram << 8) | (bytes[i] ?? 0);
        if (i >= 3 && (gram === 0 ? zeros++ === 0 : isNew(gram, slots, bits)))
          keys[count++] = base + (gram >>> 0);
      }
      ends.push(count);
    }
  }
  return { keys: keys.slice(0, count), ends };
}

function lengthOf(arrays: readonly { readonly length: number }[]): number {
  return arrays.reduce((sum, { length }) => sum + length, 0);
}

/** Puts a gram, which is not 0, into the first 2^bits slots, by Fibonacci hashing; whether it was not there yet. */
function isNew(gram: number, slots: Int32Array, bits: number): boolean {
  let slot = Math.imul(gram, 0x9e3779b1) >>> (32 - bits);
  for (let known; (known = slots[slot]) !== 0; slot = (slot + 1) & (2 ** bits - 1)) {
    if (known === gram) return false;
  }
  slots[slot] = gram;
  return true;
}

/** All pairs of neighbours among the words of each window. */
function pairs(windows: Windows): Distinct {
  const sources = pairWindows(windows);
  const { keys, words: space } = roomFor(lengthOf(sources));
  const ends: number[] = [];
  let count = 0;
  for (const bytes of sources) {
    const words = wordsOf(bytes, space);
    for (let i = 1; i < words.length; i++) keys[count++] = pairKey(words[i - 1] ?? 0, words[i] ?? 0);
    ends.push(count);
  }
  return distinct(keys, ends);
}

/** The hashes of the words of some bytes, in order; a word is a run of bytes above 32. They are put into `hashes`. */
export function wordsOf(
  bytes: Uint8Array,
  hashes: Uint32Array = new Uint32Array((bytes.length >> 1) + 1),
): Uint32Array {
  let count = 0;
  let hash = 0;
  let length = 0;
  for (let i = 0; i <= bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 32) {
      if (length++ < wordBytes) hash = (Math.imul(hash ^ byte, 0x01000193) + 0x9e37) | 0;
    } else if (length > 0) {
      hashes[count++] = mix(hash);
      hash = 0;
      length = 0;
    }
  }
  return hashes.subarray(0, count);
}
