/** Messages as other software reads them: mailsplit finds the parts, libqp and libbase64 decode them. */
import { Splitter, type SplitterChunk } from 'mailsplit';
import { applyEdits } from '../../src/filter/edit.ts';
import { footerEdits } from '../../src/filter/footer.ts';

export const tag = '!DSPAM:1,6b036030323391153553510!';

/** A part: its type and what its body decodes to, as Latin-1. */
export interface DecodedPart {
  readonly type: string;
  readonly encoding: string;
  readonly fields: string;
  readonly attached: boolean;
  readonly root: boolean;
  readonly text: string;
}

/** All parts of a message in their order; undefined where mailsplit gives up. */
export async function decodedParts(message: Buffer): Promise<readonly DecodedPart[] | undefined> {
  const splitter = new Splitter({ ignoreEmbedded: true });
  splitter.end(message);
  const chunks: AsyncIterable<SplitterChunk> = splitter;
  const nodes: { node: Extract<SplitterChunk, { type: 'node' }>; bodies: Buffer[] }[] = [];
  try {
    for await (const chunk of chunks) {
      if (chunk.type === 'node') nodes.push({ node: chunk, bodies: [] });
      else if (chunk.type === 'body') nodes.at(-1)?.bodies.push(chunk.value);
    }
  } catch {
    return undefined;
  }
  const parts: DecodedPart[] = [];
  for (const { node, bodies } of nodes) {
    const decoder = node.getDecoder();
    decoder.end(Buffer.concat(bodies));
    const pieces: Buffer[] = [];
    for await (const piece of decoder as AsyncIterable<Buffer>) pieces.push(piece);
    parts.push({
      type: node.contentType || '',
      encoding: node.encoding || '',
      fields: node.getHeaders().toString('latin1'),
      attached: node.disposition === 'attachment',
      root: node.root,
      text: Buffer.concat(pieces).toString('latin1'),
    });
  }
  return parts;
}

/** A message with its footers. */
export async function tagged(message: Buffer, complete = true): Promise<Buffer> {
  return Buffer.concat(applyEdits(message, await footerEdits(message, { tag, complete })));
}

/** The same for text, a character a byte. */
export async function taggedText(message: string, complete = true): Promise<string> {
  return (await tagged(Buffer.from(message, 'latin1'), complete)).toString('latin1');
}

/** Whether a text is another one and the tag on a line of its own, once. */
export function isTagged(text: string, original: string): boolean {
  const forms = ['\n', '\r\n'].flatMap((end) => [end + tag + end, end + end + tag]);
  return text.split(tag).length === 2 && forms.some((form) => text.replace(form, '') === original);
}

/** A text in lines of so many characters. */
export function inLines(text: string, width: number): string[] {
  return Array.from({ length: Math.ceil(text.length / width) }, (_, line) =>
    text.slice(line * width, (line + 1) * width),
  );
}
