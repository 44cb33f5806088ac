/**
 * A message as it goes out of the daemon: the bytes that came in, our header lines added, the sender's taken out.
 *
 * The same edits as of the filter (filter/headerblock.ts, filter/footer.ts), on a message that is held instead of on stdin.
 */
import { applyEdits, type Edit } from '../filter/edit.ts';
import { HeaderBlock } from '../filter/headerblock.ts';
import type { Held } from './held.ts';

/** What is changed of a message. */
export interface Changes {
  /** Header lines, each ending in `\n`; none, and only the sender's are taken out. */
  readonly lines: string;
  /** Edits of the prefix behind the header block. */
  readonly footers: readonly Edit[];
}

/**
 * The message as it goes out, in pieces that are good until the next is asked for.
 *
 * @param prefixBytes How much of it was judged: what `footers` refers to.
 */
export async function* outgoing(
  held: Held,
  prefixBytes: number,
  changes: Changes,
): AsyncGenerator<Uint8Array> {
  const prefix = await held.beginning(prefixBytes);
  if (held.size <= prefixBytes) {
    yield* outgoingWhole(prefix, changes);
    return;
  }
  const { lines, footers } = changes;
  const block = new HeaderBlock(lines);
  yield* applyEdits(prefix, [...block.prefix(prefix, false), ...footers]);
  let skip = prefix.length;
  for await (const chunk of held.bytes()) {
    const rest = chunk.subarray(skip);
    skip -= chunk.length - rest.length;
    if (rest.length > 0) yield* block.push(rest);
  }
  yield* block.end();
}

/** {@link outgoing} of a message that was judged as a whole. Its pieces stay good. */
export function* outgoingWhole(message: Buffer, { lines, footers }: Changes): Generator<Uint8Array> {
  const block = new HeaderBlock(lines);
  yield* applyEdits(message, [...block.prefix(message, true), ...footers]);
  yield* block.end();
}

/** Only the header block of what {@link outgoing} gives, with the empty line behind it. */
export async function outgoingHeader(held: Held, prefixBytes: number, changes: Changes): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of outgoing(held, prefixBytes, changes)) {
    pieces.push(Uint8Array.from(piece));
    length += piece.length;
    if (length >= prefixBytes) break;
  }
  const bytes = Buffer.concat(pieces);
  const end = /^\r?\n|\n\r?\n/.exec(bytes.toString('latin1'));
  return end === null ? bytes : bytes.subarray(0, end.index + end[0].length);
}
