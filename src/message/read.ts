/**
 * From parts to what they say: transfer encodings, charsets, HTML and Unicode undone.
 *
 * Pure, synchronous and linear in the input, so that it can run under a deadline.
 */
import { oneLine } from './blanks.ts';
import { decodeField } from './charset.ts';
import type { AddressedLink, Content, Field, Part } from './content.ts';
import { isHtml, textOf } from './encoding.ts';
import { inlineTarget, readHtml } from './html.ts';
import type { RawPart, Split } from './split.ts';
import { withoutTags } from './tag.ts';
import { normaliseText, type MarkCounts } from './unicode.ts';

const url = /\bhttps?:\/\/[^\s"'<>)\]]{1,2000}/gi;

/** Fields of an attached message that are part of what the outer message says. */
const toldFields: ReadonlySet<string> = new Set(['from', 'to', 'subject', 'reply-to']);

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
  const text = said.text.join('\n');
  const aside = said.aside.join('\n');
  const isAlone = text.trim() === '';
  return {
    fields: said.fieldsOf(split.parts[0]?.header),
    text: isAlone ? aside : text,
    aside: isAlone ? '' : aside,
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

/** A part, and whether few readers see it. */
interface Placed {
  readonly part: RawPart;
  isAside: boolean;
}

/**
 * Parts by whether they are seen: of alternatives what programs show, the last that they can (RFC 2046, section 5.1.4), with HTML if there is
 * any; and nothing that is attached (a disposition that is not known is taken for that: RFC 2183, section 2.8), nor what stands in it.
 */
function placed(parts: readonly RawPart[]): Placed[] {
  const all: Placed[] = [];
  let at = 0;
  const place = (isWithin: boolean): void => {
    const part = parts[at++];
    if (part === undefined) return;
    const isAside =
      isWithin || !/^(?:inline)?$/.test(part.disposition) || part.type === 'application/octet-stream';
    all.push({ part, isAside });
    const starts: number[] = [];
    while ((parts[at]?.depth ?? -1) > part.depth) {
      starts.push(all.length);
      place(isAside);
    }
    if (part.type !== 'multipart/alternative') return;
    const alternatives = starts.map((start, nth) => all.slice(start, starts[nth + 1]));
    const ranks = alternatives.map(rankOf);
    const shown = ranks.lastIndexOf(Math.min(...ranks));
    for (const one of alternatives.filter((_, nth) => nth !== shown).flat()) one.isAside = true;
  };
  while (at < parts.length) place(false);
  return all;
}

function rankOf(alternative: readonly Placed[]): number {
  const seen = alternative.filter(({ part, isAside }) => !isAside && part.body.length > 0);
  const rank = likeliest.findIndex((shown) => seen.some(({ part }) => part.type === shown));
  return rank < 0 ? likeliest.length : rank;
}

/** What parts have said so far. */
class Said {
  readonly text: string[] = [];
  readonly aside: string[] = [];
  readonly hidden: string[] = [];
  readonly links = new Set<string>();
  readonly addressed: AddressedLink[] = [];
  readonly parts: Part[] = [];
  readonly marks: MarkCounts = { zeroWidth: 0, bidi: 0, mixedScript: 0 };

  /** Takes down what parts there are, those of an attached message behind it. */
  list(split: Split): void {
    for (const { type, charset, encoding, disposition, fileName: raw, depth, body, message } of split.parts) {
      const fileName = normaliseText(raw, this.marks);
      this.parts.push({ type, charset, encoding, disposition, fileName, depth, size: body.length });
      if (message !== undefined) this.list(message);
    }
  }

  /** Reads the text of the parts. @param isWithin Whether the message is itself seen by few. */
  read(split: Split, isWithin: boolean = false): void {
    for (const { part, isAside } of placed(split.parts)) {
      const isApart = isWithin || isAside;
      const said = isApart ? this.aside : this.text;
      if (part.message !== undefined) {
        said.push(...this.told(part.message));
        this.read(part.message, isApart);
      } else if (part.body.length > 0) this.addText(part, said);
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

  /** What the fields of an attached message say, in one text if anything. */
  private told(message: Split): string[] {
    const fields = this.fieldsOf(message.parts[0]?.header).filter(({ name }) =>
      toldFields.has(name.toLowerCase()),
    );
    return fields.length > 0 ? [fields.map(({ name, value }) => `${name}: ${value}`).join('\n')] : [];
  }

  private addText(part: RawPart, said: string[]): void {
    if (isHtml(part)) {
      const { text, hidden, links, addressed } = readHtml(textOf(part));
      said.push(this.normalised(text));
      if (hidden.trim() !== '') this.hidden.push(this.normalised(hidden));
      for (const link of links) this.links.add(link);
      for (const link of addressed) this.addressed.push(link);
    } else if (textTypes.test(part.type)) {
      const text = this.normalised(textOf(part));
      said.push(
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
