/**
 * From parts to what they say: transfer encodings, charsets, HTML and Unicode undone.
 *
 * Pure, synchronous and linear in the input, so that it can run under a deadline.
 */
import { oneLine } from './blanks.ts';
import { decodeField } from './charset.ts';
import type { AddressedLink, Content, Field, Part } from './content.ts';
import { textOf } from './encoding.ts';
import { inlineTarget, readHtml } from './html.ts';
import type { RawPart, Split } from './split.ts';
import { withoutTags } from './tag.ts';
import { normaliseText, type MarkCounts } from './unicode.ts';

const url = /\bhttps?:\/\/[^\s"'<>)\]]{1,2000}/gi;

/** Fields of an attached message that are part of what the outer message says. */
const toldFields: ReadonlySet<string> = new Set(['from', 'to', 'subject', 'reply-to']);

const htmlTypes: ReadonlySet<string> = new Set(['text/html', 'text/x-amp-html']);

/**
 * What is read as text: also the report of a mail server, a message that is attached too deep to be walked, a multipart without a
 * boundary, and a part whose type is no type.
 */
const textTypes = /^(?:text|message|multipart)\/|^[^/]*$/;

/** Decodes a message. Never throws for what is in it. */
export function readContent(split: Split): Content {
  const said = new Said();
  said.list(split);
  said.read(split);
  return {
    fields: said.fieldsOf(split.parts[0]?.header),
    text: said.text.join('\n'),
    hidden: said.hidden.join('\n'),
    links: [...said.links],
    addressed: said.addressed,
    parts: said.parts,
    marks: said.marks,
    whole: split.whole,
  };
}

/** How likely a program shows what is of this type rather than an alternative of another; the first the likeliest. */
const likeliest: readonly string[] = ['text/html', 'text/plain'];

/**
 * Parts in the order in which they are read: of alternatives first what programs show, the last that they can (RFC 2046, section 5.1.4),
 * with HTML if there is any. Of a long message only the ends are judged, and what is not shown must not push out what is.
 */
function asShown(parts: readonly RawPart[]): RawPart[] {
  let at = 0;
  const subtree = (): RawPart[] => {
    const part = parts[at++];
    if (part === undefined) return [];
    const children: RawPart[][] = [];
    while ((parts[at]?.depth ?? -1) > part.depth) children.push(subtree());
    if (part.type === 'multipart/alternative')
      children.reverse().sort((one, other) => rankOf(one) - rankOf(other));
    return [part, ...children.flat()];
  };
  const shown: RawPart[] = [];
  while (at < parts.length) shown.push(...subtree());
  return shown;
}

function rankOf(alternative: readonly RawPart[]): number {
  const rank = likeliest.findIndex((shown) => alternative.some(({ type }) => type === shown));
  return rank < 0 ? likeliest.length : rank;
}

/** What parts have said so far. */
class Said {
  readonly text: string[] = [];
  readonly hidden: string[] = [];
  readonly links = new Set<string>();
  readonly addressed: AddressedLink[] = [];
  readonly parts: Part[] = [];
  readonly marks: MarkCounts = { zeroWidth: 0, bidi: 0, mixedScript: 0 };

  /** Takes down what parts there are, those of attached messages behind these. */
  list(split: Split): void {
    for (const { type, charset, encoding, disposition, fileName: raw, depth, body, message } of split.parts) {
      const fileName = normaliseText(raw, this.marks);
      this.parts.push({ type, charset, encoding, disposition, fileName, depth, size: body.length });
      if (message !== undefined) this.list(message);
    }
  }

  /** Reads the text of the parts. */
  read(split: Split): void {
    for (const part of asShown(split.parts)) {
      if (part.message !== undefined) this.addMessage(part.message);
      else if (part.body.length > 0 && textTypes.test(part.type)) this.addText(part);
    }
  }

  /** The fields of a header block, unfolded and decoded. A line that is no field is left out. */
  fieldsOf(header: Buffer = Buffer.alloc(0)): Field[] {
    const fields: Field[] = [];
    for (const line of header
      .toString('latin1')
      .replace(/\n[ \t]+/g, ' ')
      .split('\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(0, colon)).trimEnd();
      if (name === '' || /[^\x21-\x7e]/.test(name)) continue;
      const value = normaliseText(decodeField(line.slice(colon + 1)), this.marks);
      fields.push({ name, value: oneLine(value) });
    }
    return fields;
  }

  private addMessage(message: Split): void {
    const told = this.fieldsOf(message.parts[0]?.header).filter(({ name }) =>
      toldFields.has(name.toLowerCase()),
    );
    if (told.length > 0) this.text.push(told.map(({ name, value }) => `${name}: ${value}`).join('\n'));
    this.read(message);
  }

  private addText(part: RawPart): void {
    if (htmlTypes.has(part.type)) {
      const { text, hidden, links, addressed } = readHtml(textOf(part));
      this.text.push(this.normalised(text));
      if (hidden.trim() !== '') this.hidden.push(this.normalised(hidden));
      for (const link of links) this.links.add(link);
      for (const link of addressed) this.addressed.push(link);
    } else {
      const text = this.normalised(textOf(part));
      this.text.push(
        text.replace(url, (link) => {
          this.links.add(withoutStop(link));
          return link.slice(0, inlineTarget);
        }),
      );
    }
  }

  private normalised(text: string): string {
    return withoutTags(normaliseText(text, this.marks));
  }
}

/** A URL in prose without what ends the sentence. */
function withoutStop(link: string): string {
  let end = link.length;
  while (end > 0 && '.,;:!?'.includes(link.charAt(end - 1))) end--;
  return link.slice(0, end);
}
