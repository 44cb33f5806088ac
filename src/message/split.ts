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

/** The most bytes, line ends normalised, that are looked at. */
export const judged = { header: 48 * 1024, body: 192 * 1024 } as const;

/** Messages within messages that are walked. */
const deepest = 5;

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
  readonly body: Buffer;
  /** The message that it holds, for message/rfc822. */
  readonly message: Split | undefined;
}

/** A message in parts; the first part is the message itself. */
export interface Split {
  readonly parts: readonly RawPart[];
  /** Whether the message was walked to the end of what is looked at. */
  readonly whole: boolean;
}

type Node = Extract<SplitterChunk, { type: 'node' }>;

/** Splits a message, given by its first bytes. Never rejects for what is in them. */
export async function splitMessage(prefix: Uint8Array): Promise<Split> {
  const bytes = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  return await splitBounded(bound(normalised(bytes)), 0);
}

async function splitBounded(bytes: Buffer, level: number): Promise<Split> {
  const nodes: { node: Node; depth: number; chunks: Buffer[] }[] = [];
  const whole = await walk(bytes, nodes);
  const parts: RawPart[] = [];
  for (const { node, depth, chunks } of nodes) {
    const body = Buffer.concat(chunks);
    const type = node.contentType || 'text/plain';
    const encoding = node.encoding || '';
    const inner = type === 'message/rfc822' && level < deepest ? unwrapped(body, encoding) : undefined;
    parts.push({
      type,
      charset: (node.charset || '').toLowerCase(),
      encoding,
      disposition: node.disposition || '',
      fileName: node.filename || '',
      depth: depth + level,
      header: node.getHeaders(),
      body,
      message: inner && (await splitBounded(inner, level + 1)),
    });
  }
  return { parts, whole };
}

async function walk(
  bytes: Buffer,
  nodes: { node: Node; depth: number; chunks: Buffer[] }[],
): Promise<boolean> {
  const splitter = new Splitter({ ignoreEmbedded: true });
  const depths = new Map<unknown, number>();
  splitter.end(bytes);
  try {
    for await (const chunk of splitter as AsyncIterable<SplitterChunk>) {
      if (chunk.type === 'node') {
        const depth = chunk.parentNode ? (depths.get(chunk.parentNode) ?? -1) + 1 : 0;
        depths.set(chunk, depth);
        nodes.push({ node: chunk, depth, chunks: [] });
      } else if (chunk.type === 'body') {
        nodes.at(-1)?.chunks.push(chunk.value);
      }
    }
    return true;
  } catch {
    return false;
  }
}

/** Drops mbox lines at the top and makes line ends `\n`. A CR that no LF follows stays. */
function normalised(bytes: Buffer): Buffer {
  let at = 0;
  for (const mark of ['From ', '>From ']) {
    if (bytes.toString('latin1', at, at + mark.length) !== mark) continue;
    const end = bytes.indexOf(10, at);
    at = end < 0 ? bytes.length : end + 1;
  }
  if (!bytes.includes(13)) return bytes.subarray(at);
  const out = Buffer.allocUnsafe(bytes.length - at);
  let length = 0;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte !== 13 || bytes[i + 1] !== 10) out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** Cuts header block and body to what is looked at. A message whose first line is no field has no header block. */
function bound(bytes: Buffer): Buffer {
  if (bytes[0] === 10) return bytes.subarray(0, judged.body);
  if (!/^[^\s:]+[ \t]{0,20}:/.test(bytes.toString('latin1', 0, 1000))) {
    return Buffer.concat([Buffer.from('\n'), bytes.subarray(0, judged.body)]);
  }
  const end = bytes.indexOf('\n\n');
  const header = end < 0 ? bytes.length : end + 2;
  if (header <= judged.header) return bytes.subarray(0, header + judged.body);
  const cut = bytes.lastIndexOf(10, judged.header) + 1;
  return Buffer.concat([
    bytes.subarray(0, cut === 0 ? judged.header : cut),
    Buffer.from('\n'),
    bytes.subarray(header, header + judged.body),
  ]);
}

/** The bytes of an attached message, which RFC 2046 says are not encoded, but some are. */
function unwrapped(body: Buffer, encoding: string): Buffer {
  return bound(normalised(encoding === 'base64' ? Buffer.from(body.toString('latin1'), 'base64') : body));
}
