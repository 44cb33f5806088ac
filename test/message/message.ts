/** Messages for the tests of what a message says. */
import type { Content } from '../../src/message/content.ts';
import { readContent } from '../../src/message/read.ts';
import { splitMessage } from '../../src/message/split.ts';

/** What a message says; text is UTF-8. */
export async function read(message: Uint8Array | string): Promise<Content> {
  return readContent(await splitMessage(Buffer.from(message)));
}

/** The same message with its lines ended by CRLF. */
export function withCrlf(message: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(message).toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
}

/** A message of one part. `type` is its Content-Type, and may be followed by further fields. */
export function onePart(type: string, body: Uint8Array | string): Buffer {
  return Buffer.concat([
    Buffer.from(`From: anna@example.org\nSubject: test\nContent-Type: ${type}\n\n`),
    Buffer.from(body),
  ]);
}
