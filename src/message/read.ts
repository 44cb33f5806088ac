/**
 * From parts to what they say: transfer encodings, charsets, HTML and Unicode undone.
 *
 * Pure, synchronous and linear in the input, so that it can run under a deadline.
 */
import { decodeField, decodeText } from './charset.ts';
import type { Content, Field, Part } from './content.ts';
import { readHtml } from './html.ts';
import type { RawPart, Split } from './split.ts';
import { withoutTags } from './tag.ts';
import { normaliseText, type MarkCounts } from './unicode.ts';

const url = /\bhttps?:\/\/[^\s"'<>)\]]{1,2000}/gi;

/** Fields of an attached message that are part of what the outer message says. */
const toldFields = new Set(['from', 'to', 'subject', 'reply-to']);

/** Decodes a message. Never throws for what is in it. */
export function readContent(split: Split): Content {
  const said = new Said();
  for (const [i, part] of split.parts.entries()) said.add(part, i === 0);
  return {
    fields: said.fieldsOf(split.parts[0]?.header ?? Buffer.alloc(0)),
    text: said.text.join('\n'),
    hidden: said.hidden.join('\n'),
    links: [...said.links],
    parts: said.parts,
    marks: said.marks,
    whole: split.whole,
  };
}

/** What parts have said so far. */
class Said {
  readonly text: string[] = [];
  readonly hidden: string[] = [];
  readonly links = new Set<string>();
  readonly parts: Part[] = [];
  readonly marks: MarkCounts = { zeroWidth: 0, bidi: 0, mixedScript: 0 };

  add(part: RawPart, isRoot: boolean): void {
    const { type, charset, encoding, disposition, depth, body, message } = part;
    const fileName = normaliseText(part.fileName, this.marks);
    this.parts.push({ type, charset, encoding, disposition, fileName, depth, size: body.length });
    if (message !== undefined) this.addMessage(message);
    else if (type.startsWith('text/') || (isRoot && type === '')) this.addText(part);
  }

  /** The fields of a header block, unfolded and decoded. A line that is no field is left out. */
  fieldsOf(header: Buffer): Field[] {
    const fields: Field[] = [];
    for (const line of header
      .toString('latin1')
      .replace(/\n[ \t]+/g, ' ')
      .split('\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(0, colon)).trimEnd();
      if (name === '' || /[^\x21-\x7e]/.test(name)) continue;
      const value = decodeField(Buffer.from(line.slice(colon + 1), 'latin1'));
      fields.push({ name, value: normaliseText(value, this.marks).replace(/\s+/gu, ' ').trim() });
    }
    return fields;
  }

  private addMessage(message: Split): void {
    const fields = this.fieldsOf(message.parts[0]?.header ?? Buffer.alloc(0));
    const told = fields.filter(({ name }) => toldFields.has(name.toLowerCase()));
    if (told.length > 0) this.text.push(told.map(({ name, value }) => `${name}: ${value}`).join('\n'));
    for (const part of message.parts) this.add(part, false);
  }

  private addText(part: RawPart): void {
    const raw = decodeText(decodeBody(part), part.charset);
    if (part.type === 'text/html') {
      const { text, hidden, links } = readHtml(raw);
      this.text.push(this.normalised(text));
      if (hidden.trim() !== '') this.hidden.push(this.normalised(hidden));
      for (const link of links) this.links.add(link);
    } else {
      const text = this.normalised(raw);
      this.text.push(text);
      for (const [link] of text.matchAll(url)) this.links.add(link);
    }
  }

  private normalised(text: string): string {
    return withoutTags(normaliseText(text, this.marks));
  }
}

/** Undoes the transfer encoding of a part; what is broken is decoded as far as it goes. */
export function decodeBody({ encoding, body }: Pick<RawPart, 'encoding' | 'body'>): Buffer {
  // Padding in the middle, as of parts that were joined, would end the decoding.
  if (encoding === 'base64')
    return Buffer.from(body.toString('latin1').replace(/[^+/0-9a-z]/gi, ''), 'base64');
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(body.toString('latin1'));
  return body;
}

/** RFC 2045, section 6.7; a `=` that begins no code stays. */
function decodeQuotedPrintable(text: string): Buffer {
  const joined = text.replace(/=[ \t]{0,80}(?:\n|$)/g, '');
  return Buffer.from(
    joined.replace(/=([0-9A-F]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
    'latin1',
  );
}
