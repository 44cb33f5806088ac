/**
 * Changes to a message as byte ranges of the input. Header lines, forged lines taken out and footers are all
 * edits of the prefix, so that whatever is not named by an edit goes out untouched by construction.
 */

/** Replace the bytes `start` (inclusive) to `end` (exclusive) of the prefix by `bytes`; an insertion has start = end. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/**
 * The pieces of `input` with all edits made, in order. Edits may come in any order but must not overlap;
 * insertions at one place keep their order.
 */
export function applyEdits(input: Uint8Array, edits: readonly Edit[]): Uint8Array[] {
  const ordered = [...edits].sort((one, other) => one.start - other.start || one.end - other.end);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, bytes } of ordered) {
    if (start > at) pieces.push(input.subarray(at, start));
    if (bytes.length > 0) pieces.push(bytes);
    at = Math.max(at, end);
  }
  if (at < input.length) pieces.push(input.subarray(at));
  return pieces;
}
