/**
 * Where the parts of a message lie in its bytes.
 *
 * mailsplit finds the parts and reads their header fields. It does not say where they lie, so the lengths of what it hands
 * out are summed up and each piece is compared with the input: on some broken mail it drops lines, and then
 * there is no answer rather than a wrong one. So a position given here is always that of the bytes mailsplit meant.
 *
 * The line end before a boundary belongs to the boundary and not to the part (RFC 2046, 5.1.1). Attached messages are
 * parts that are not looked into.
 */
import { Splitter, type SplitterChunk } from 'mailsplit';
import { systemCode } from '../errors.ts';

const LF = 0x0a;

/** What mailsplit read of a part's header fields. */
export type PartFields = Extract<SplitterChunk, { type: 'node' }>;

/** One part and the place of its body, in bytes from the beginning of the input. */
export interface Part {
  readonly node: PartFields;
  /** Where its body begins. */
  readonly start: number;
  /** Behind the last byte of its body that is in the input. A multipart has no body of its own. */
  readonly end: number;
  /** Whether the body ends there: at a boundary, or at the end of the message. */
  readonly closed: boolean;
}

/**
 * The parts of a message in their order; the first is the message itself.
 *
 * @param input The beginning of the message.
 * @param complete Whether it is all of it. If not, a line that is cut off at the end is not read, because it could become
 *   a boundary.
 * @returns Undefined where mailsplit gives up (1,000 parts, or 1 MiB of header fields), where it loses bytes, and
 *   where a part that is no multipart is split by boundaries.
 */
export async function partsOf(input: Buffer, complete: boolean): Promise<readonly Part[] | undefined> {
  const bytes = complete ? input : input.subarray(0, input.lastIndexOf(LF) + 1);
  const splitter = new Splitter({ ignoreEmbedded: true });
  splitter.end(bytes);
  try {
    return await placed(splitter, bytes, complete);
  } catch (error) {
    if (systemCode(error) === 'EMAXLEN') return undefined;
    throw error;
  }
}

async function placed(
  chunks: AsyncIterable<SplitterChunk>,
  bytes: Buffer,
  complete: boolean,
): Promise<readonly Part[] | undefined> {
  const parts: Part[] = [];
  let last: Part | undefined;
  let at = 0;
  for await (const chunk of chunks) {
    const piece = chunk.type === 'node' ? chunk.getHeaders() : chunk.value;
    const end = at + piece.length;
    if (!piece.equals(bytes.subarray(at, end))) return undefined;
    at = end;
    if (chunk.type === 'node') {
      if (chunk.parentNode !== false && chunk.parentNode.multipart === false) return undefined;
      if (last !== undefined) parts.push(last);
      last = { node: chunk, start: at, end: at, closed: false };
    } else if (last !== undefined && chunk.type === 'body') {
      last = { ...last, end: at };
    } else if (last !== undefined) {
      if (last.node === chunk.node && last.node.multipart === false) return undefined;
      last = { ...last, closed: true };
    }
  }
  if (at !== bytes.length || last === undefined) return undefined;
  return [...parts, { ...last, closed: last.closed || complete }];
}
