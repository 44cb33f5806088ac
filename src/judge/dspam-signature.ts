/**
 * What DSPAM's engine keeps of a message under its signature, as notes in the store.
 *
 * It keeps the text, not the tokens, so that it is good for every tokenizer; a signature that DSPAM made keeps the keys of the tokens, which is all there is. The bytes, cut into
 * pieces that each are a note:
 *
 *     0-15   fingerprint of the message
 *     16-    its text, as JSON, deflated; or the byte 255 and keys of 8 bytes each, little-endian
 */
import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { MessageText } from '../classifier/dspam/text.ts';
import type { Tokens } from '../classifier/dspam/tokens.ts';
import { TamisError } from '../errors.ts';
import type { Note, TokenSignature, UserStore } from '../store/contract.ts';

/** A message as this engine learns it. */
export interface DspamReading {
  readonly text: MessageText;
  /** The keys of its tokens instead, where a signature of DSPAM itself is all that is left of the message. */
  readonly keys?: BigUint64Array;
  /** 16 bytes that stay the same whatever delivery adds. */
  readonly fingerprint: Uint8Array;
}

/** Bytes of a signature that one note holds; the rest goes into further notes. */
const pieceBytes = 16_000;
/** Pieces of a signature at most; what is beyond is not learned again. */
const mostPieces = 16;

/** What begins the keys of a signature of DSPAM's: no deflated text begins with it. */
const keysMark = 0xff;

const noText: MessageText = { fields: [], body: '' };

/** Bytes of a fingerprint. */
const fingerprintBytes = 16;

/**
 * The notes of a message's signature.
 *
 * @param expires Seconds since 1970.
 */
export function signatureNotes(id: string, { fingerprint, text }: DspamReading, expires: number): Note[] {
  return piecesOf(id, Buffer.concat([fingerprint, pack(text)]), expires);
}

/**
 * The notes of a signature that DSPAM made.
 *
 * @param keys The tokens of its message.
 * @param expires Seconds since 1970.
 */
export function foreignSignature(id: string, keys: BigUint64Array, expires: number): Note[] {
  const bytes = Buffer.alloc(1 + 8 * keys.length, keysMark);
  for (const [at, key] of keys.entries()) bytes.writeBigUInt64LE(key, 1 + 8 * at);
  return piecesOf(id, Buffer.concat([fingerprintOf(id), bytes]), expires);
}

/** What is kept under an id; undefined if nothing is at that time (seconds since 1970), or no longer. */
export async function keptUnder(
  id: string,
  memory: Pick<UserStore, 'note' | 'dspamSignature'>,
  now: number,
): Promise<DspamReading | undefined> {
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < mostPieces; i++) {
    const piece = await memory.note('signature', pieceKey(id, i), Math.floor(now));
    if (piece === undefined) break;
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  if (bytes.length <= fingerprintBytes) {
    const keys = await memory.dspamSignature?.(id);
    return keys && { fingerprint: fingerprintOf(id), text: noText, keys };
  }
  const fingerprint = bytes.subarray(0, fingerprintBytes);
  const said = bytes.subarray(fingerprintBytes);
  const keys = unpackKeys(said);
  return keys === undefined ? { fingerprint, text: unpack(said) } : { fingerprint, text: noText, keys };
}

/** What DSPAM's own programs find of a message that was signed here. */
export function tokenSignature(id: string, { all }: Tokens): TokenSignature {
  return {
    id,
    keys: BigUint64Array.from(all, ({ key }) => key),
    frequencies: Uint8Array.from(all, ({ frequency }) => Math.min(frequency, 255)),
  };
}

/** Where the message is gone: what tells it from others, so that it counts once, is the id. */
function fingerprintOf(id: string): Uint8Array {
  return createHash('sha256').update(id).digest().subarray(0, fingerprintBytes);
}

function piecesOf(id: string, bytes: Uint8Array, expires: number): Note[] {
  return Array.from({ length: Math.min(mostPieces, Math.ceil(bytes.length / pieceBytes)) }, (_, i) => ({
    space: 'signature',
    key: pieceKey(id, i),
    value: bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
    expires,
  }));
}

/** The keys that a signature of DSPAM kept; undefined if it keeps a text. */
function unpackKeys(bytes: Buffer): BigUint64Array | undefined {
  if (bytes[0] !== keysMark) return undefined;
  const count = Math.floor((bytes.length - 1) / 8);
  return BigUint64Array.from({ length: count }, (_, at) => bytes.readBigUInt64LE(1 + 8 * at));
}

function pieceKey(id: string, piece: number): Uint8Array {
  return Buffer.from(`dspam ${id.slice(0, 48)} ${piece}`, 'latin1');
}

/** Bytes as one character each, deflated; cut to what the pieces hold. */
function pack(text: MessageText): Uint8Array {
  const room = pieceBytes * mostPieces - fingerprintBytes;
  let { body } = text;
  for (;;) {
    const packed = deflateRawSync(Buffer.from(JSON.stringify([text.fields, body]), 'latin1'));
    if (packed.length <= room || body === '') return packed;
    body = body.slice(0, Math.floor(body.length / 2));
  }
}

function unpack(bytes: Uint8Array): MessageText {
  try {
    const [fields, body] = JSON.parse(inflateRawSync(bytes).toString('latin1')) as [
      MessageText['fields'],
      string,
    ];
    return { fields, body };
  } catch (cause) {
    throw new TamisError('STORE_CORRUPT', 'A signature in the store cannot be unpacked.', { cause });
  }
}
