/**
 * Line ends and dots of a message on a line protocol (RFC 5321, 4.5.2), as streams of bytes.
 *
 * Where a line begins is the question on which servers differ, and where they differ somebody can smuggle a second message into
 * the first. So with `crlf` a message is read as the RFC says: only CRLF ends a line, only CRLF.CRLF ends the message, and every
 * other byte, a bare CR or LF as well, stays. What is written has its dots doubled behind a bare LF, too: a reader that
 * takes that for a line end gets the message as it was, and no reader sees an end that is none.
 */

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;

/** What ends a line: CRLF only, or LF with or without a CR before it. */
export type LineEnd = 'crlf' | 'lf';

/** Takes the dots off at the beginning of lines, and finds the line that is a dot only. */
export class DotReader {
  private readonly strict: boolean;
  /** What was before: a line end, a dot at the beginning of a line, that and a CR, a CR, anything else. */
  private state: 'start' | 'dot' | 'dotCr' | 'cr' | 'text' = 'start';

  constructor(lineEnd: LineEnd) {
    this.strict = lineEnd === 'crlf';
  }

  /**
   * Takes the next bytes.
   *
   * @returns What they say of the message; `rest` is what stands behind its end, undefined if it has not ended.
   */
  push(bytes: Buffer): { readonly content: Buffer; readonly rest: Buffer | undefined } {
    // One more for a CR that was held back.
    const content = Buffer.allocUnsafe(bytes.length + 1);
    let length = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      const { state } = this;
      if (byte === lineFeed && (state === 'dotCr' || (state === 'dot' && !this.strict)))
        return { content: content.subarray(0, length), rest: bytes.subarray(at + 1) };
      if (state === 'dotCr') {
        content[length++] = carriageReturn;
        this.state = 'cr';
      }
      if (state === 'start' && byte === dot) {
        this.state = 'dot';
        continue;
      }
      if (state === 'dot' && byte === carriageReturn) {
        this.state = 'dotCr';
        continue;
      }
      content[length++] = byte;
      this.state = this.after(byte);
    }
    return { content: content.subarray(0, length), rest: undefined };
  }

  private after(byte: number): 'start' | 'cr' | 'text' {
    if (byte === carriageReturn) return 'cr';
    return byte === lineFeed && (this.state === 'cr' || !this.strict) ? 'start' : 'text';
  }
}

/** With the first dot of a line doubled, and `end` at the end of a message that does not end in it. */
export async function* withDots(
  source: AsyncIterable<Uint8Array>,
  end: '\n' | '\r\n',
): AsyncGenerator<Buffer> {
  let last = '\r\n';
  for await (const piece of source) {
    if (piece.length === 0) continue;
    const text = Buffer.from(piece).toString('latin1');
    const dotted = text.replaceAll('\n.', '\n..');
    yield Buffer.from(last.endsWith('\n') && text.startsWith('.') ? `.${dotted}` : dotted, 'latin1');
    last = (last + text.slice(-2)).slice(-2);
  }
  if (!last.endsWith(end)) yield Buffer.from(end);
}

/** With LF for CRLF. */
export async function* withLf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let carried = '';
  for await (const piece of source) {
    const text = carried + Buffer.from(piece).toString('latin1');
    carried = text.endsWith('\r') ? '\r' : '';
    yield Buffer.from(text.slice(0, text.length - carried.length).replaceAll('\r\n', '\n'), 'latin1');
  }
  if (carried !== '') yield Buffer.from(carried, 'latin1');
}
