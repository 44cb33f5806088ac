/**
 * From raw bytes to parts: mailsplit walks the message and says what each part is; nothing is decoded yet.
 *
 * Line ends are made `\n` first, so that a copy with CRLF says the same by construction. What is looked at is bounded
 * after that ({@link judged}): the bounds leave room within the filter's prefix of 256 KiB for the lines that delivery adds and for CRs,
 * so that a few more of them do not shift what is seen. Attached messages are walked like the outer one.
 *
 * mailsplit gives up on some messages (1,000 parts, 1 MiB of headers); then what was seen before counts.
 */
import { Splitter, type SplitterChunk } from 'mailsplit';
import MimeNode from 'mailsplit/lib/mime-node.js';
import { isDeliveryField } from './delivered.ts';
import { decodeBody } from './encoding.ts';

/** The most bytes, line ends normalised, that are looked at. */
export const judged = { header: 49_152, body: 196_608 } as const;

/**
 * Bytes of a header block up to which it need not be walked: as many lines as it can have are below what makes mailsplit give
 * up.
 */
const shortHeader = 16_384;

/** Messages within messages that are walked; what lies deeper is read as text. */
const deepest = 5;

/** RFC 2046, section 5.2.1; RFC 6532, section 3.7; and its forerunner for Usenet articles. */
const messageTypes: ReadonlySet<string> = new Set(['message/rfc822', 'message/global', 'message/news']);

const lineFeed = 0x0a;

/** One part, its body still encoded. */
export interface RawPart {
  /** Lower-case media type, as mailsplit finds it. */
  readonly type: string;
  readonly charset: string;
  readonly encoding: string;
  readonly disposition: string;
  /** Decoded by mailsplit and libmime (RFC 2231, RFC 2047). */
  readonly fileName: string;
  readonly depth: number;
  /** Its header block, raw. */
  readonly header: Buffer;
  /** Empty for a multipart, but for one of which no boundary was found. */
  readonly body: Buffer;
  /** The message that it holds, if it is an attached message. */
  readonly message: Split | undefined;
}

/** A message in parts; the first part is the message itself. */
export interface Split {
  readonly parts: readonly RawPart[];
  /** Whether the message was walked to the end of what is looked at. */
  readonly whole: boolean;
}

/** Attached messages are walked here, not by mailsplit. */
const options = { ignoreEmbedded: true } as const;

type Node = Extract<SplitterChunk, { type: 'node' }>;

/** What the walk has seen of a part. */
interface Seen {
  readonly node: Node;
  readonly depth: number;
  readonly chunks: Buffer[];
  hasParts: boolean;
}

/** Splits a message, given by its first bytes. Never rejects for what is in them. */
export async function splitMessage(prefix: Uint8Array): Promise<Split> {
  const bytes = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  return await splitBounded(bounded(normalised(bytes)), 0, 0);
}

/**
 * @param depth That of the message's own part.
 * @param level How many messages it is attached in.
 */
async function splitBounded(bytes: Buffer, depth: number, level: number): Promise<Split> {
  const { seen, whole } = withoutBoundary(bytes) ?? (await walk(bytes));
  const parts: RawPart[] = [];
  for (const { node, depth: below, chunks, hasParts } of seen) {
    const body = hasParts && node.multipart !== false ? Buffer.alloc(0) : Buffer.concat(chunks);
    const type = typeOf(node);
    const encoding = node.encoding || '';
    const inner =
      messageTypes.has(type) && level < deepest
        ? bounded(normalised(decodeBody({ encoding, body })))
        : undefined;
    parts.push({
      type,
      charset: (node.charset || '').toLowerCase().trim(),
      encoding,
      disposition: node.disposition || '',
      fileName: node.filename || '',
      depth: depth + below,
      header: node.getHeaders(),
      body,
      message: inner && (await splitBounded(inner, depth + below + 1, level + 1)),
    });
  }
  return { parts, whole };
}

/** The type of a part. A part of multipart/digest that names none is a message (RFC 2046, section 5.1.5). */
function typeOf(node: Node): string {
  const inDigest = node.parentNode !== false && node.parentNode.multipart === 'digest';
  if (inDigest && node.headers !== false && !node.headers.hasHeader('content-type')) return 'message/rfc822';
  return node.contentType || 'text/plain';
}

/**
 * What a walk would see of a message that names no boundary: its header block, and the rest is its body. Most messages are such, and
 * the walk's stream takes longer than all else that is done with their bytes.
 */
function withoutBoundary(bytes: Buffer): { seen: readonly Seen[]; whole: boolean } | undefined {
  const empty = bytes.indexOf('\n\n');
  const end = empty + 2;
  if (empty < 1 || bytes[0] === lineFeed || end > shortHeader) return undefined;
  const header = bytes.subarray(0, end);
  // For mailsplit that is an empty line, too.
  if (header.includes('\n\r\n')) return undefined;
  const node = new MimeNode(false, options);
  node.addHeaderChunk(header);
  node.parseHeaders();
  if (node._boundary !== false) return undefined;
  return { seen: [{ node, depth: 0, chunks: [bytes.subarray(end)], hasParts: false }], whole: true };
}

async function walk(bytes: Buffer): Promise<{ seen: readonly Seen[]; whole: boolean }> {
  const splitter = new Splitter(options);
  const seen = new Map<unknown, Seen>();
  splitter.end(bytes);
  try {
    for await (const chunk of splitter as AsyncIterable<SplitterChunk>) {
      if (chunk.type === 'node') {
        const parent = seen.get(chunk.parentNode);
        if (parent !== undefined) parent.hasParts = true;
        seen.set(chunk, { node: chunk, depth: (parent?.depth ?? -1) + 1, chunks: [], hasParts: false });
      } else {
        seen.get(chunk.node)?.chunks.push(chunk.value);
      }
    }
    return { seen: [...seen.values()], whole: true };
  } catch {
    return { seen: [...seen.values()], whole: false };
  }
}

/** Drops mbox lines at the top and makes line ends `\n`. A CR that no LF follows stays. */
function normalised(bytes: Buffer): Buffer {
  let at = 0;
  for (const mark of ['From ', '>From ']) {
    if (bytes.toString('latin1', at, at + mark.length) === mark) at = nextLine(bytes, at);
  }
  if (!bytes.includes(0x0d)) return bytes.subarray(at);
  const out = Buffer.allocUnsafe(bytes.length - at);
  let length = 0;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte !== 0x0d || bytes[i + 1] !== lineFeed) out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** Cuts header block and body to what is looked at. A message whose first line is no field has no header block. */
function bounded(bytes: Buffer): Buffer {
  const end = headerEnd(bytes);
  const header = boundedHeader(bytes.subarray(0, end));
  const start = bytes[end] === lineFeed ? end + 1 : end;
  const body = bytes.subarray(start, start + judged.body);
  if (header.length === end && start > end) return bytes.subarray(0, start + body.length);
  return Buffer.concat([header, Buffer.from('\n'), body]);
}

/**
 * Where the header block ends: at the first empty line, wherever lines that are no fields stand in it. If there is no empty
 * line, such a line ends it, so that no text is taken for fields.
 */
function headerEnd(bytes: Buffer): number {
  if (!isField(bytes, 0)) return 0;
  const empty = bytes.indexOf('\n\n');
  if (empty >= 0) return empty + 1;
  let at = nextLine(bytes, 0);
  while (at < bytes.length && (isFolded(bytes, at) || isField(bytes, at))) at = nextLine(bytes, at);
  return at;
}

/**
 * A header block cut to what is looked at, at the end of a line where it has any. The fields of the way are kept beside, so
 * that more of them do not push others out.
 */
function boundedHeader(header: Buffer): Buffer {
  if (header.length <= judged.header) return header;
  let left: number = judged.header;
  let counts = true;
  let at = 0;
  while (at < header.length) {
    const next = nextLine(header, at);
    if (!isFolded(header, at)) counts = !isOfTheWay(header.toString('latin1', at, Math.min(next, at + 100)));
    if (counts) left -= next - at;
    if (left < 0) break;
    at = next;
  }
  return at > 0
    ? header.subarray(0, at)
    : Buffer.concat([header.subarray(0, judged.header), Buffer.from('\n')]);
}

function isOfTheWay(line: string): boolean {
  const name = (line.split(':', 1)[0] ?? '').trimEnd().toLowerCase();
  return name === 'received' || isDeliveryField(name);
}

/** Whether a line begins a field: a name (RFC 5322, section 2.2) and a colon, with the blanks before it that old mail has. */
function isField(bytes: Buffer, at: number): boolean {
  return /^[^\s:]+[ \t]{0,20}:/.test(bytes.toString('latin1', at, at + 1000));
}

function isFolded(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x20 || bytes[at] === 0x09;
}

function nextLine(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(lineFeed, at);
  return end < 0 ? bytes.length : end + 1;
}
