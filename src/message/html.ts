/**
 * HTML as a reader sees it: visible text, text hidden from the reader, and link targets.
 *
 * htmlparser2 reads it as browsers do (implied ends, broken nesting). Inline tags join what they part (`V<b></b>iagra`), block tags
 * and <br> end a line, cells are set off by blanks. Comments, scripts, style sheets and the title are no text. Linear in the input.
 */
import { Parser } from 'htmlparser2';
import type { AddressedLink } from './content.ts';
import {
  declarationsOf,
  declare,
  lookWithin,
  oldDeclarations,
  plain,
  rulesOf,
  type Declarations,
  type Look,
} from './style.ts';

/** What HTML says. */
export interface HtmlText {
  /** Visible text; targets stand in it where they stood, cut to {@link inlineTarget} characters or less, set off by blanks. */
  readonly text: string;
  readonly hidden: string;
  /** Targets, whole, in their order. */
  readonly links: readonly string[];
  /** Links whose text is itself a web address. */
  readonly addressed: readonly AddressedLink[];
}

/** How much of a target stands in the text; what follows mostly tells whom the link was sent to. */
export const inlineTarget = 80;

/**
 * Elements open at once, about: where there are more, all are taken as closed. Mail of honest programs stays far below; the time
 * that htmlparser2 takes for an element grows with the number of open ones.
 */
const deepest = 1000;

/** How much is given to htmlparser2 between two looks at the number of open elements, in characters. */
const piece = 4096;

/** The text of a link that is a web address: its host. A word of letters and dots needs `www.` or a scheme to be one. */
const address = /^\s*(?:https?:\/\/|(?=www\.))([a-z\d.-]{3,253})(?:[/:?#]|\s*$)/i;

/** How much of the text of a link is looked at. */
const longestLinkText = 300;

const blocks = new Set(
  (
    'address article aside blockquote body br center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr html li main ' +
    'nav ol option p pre section table tbody tfoot thead title tr ul'
  ).split(' '),
);
const cells = new Set(['td', 'th', 'img', 'input', 'button', 'select']);
/** They are as large as what is in them (CSS 2.1, section 17.5). */
const growing = new Set('table tbody thead tfoot tr td th'.split(' '));
const silent = new Set(['script', 'style', 'title', 'template']);
const targets: readonly string[] = ['href', 'src', 'action', 'background', 'data'];
/** Those of pictures, mostly. From so many on only the beginning stands in the text, so that they do not push out what is read. */
const pictures: ReadonlySet<string> = new Set(['src', 'background']);
const mostPictures = 10;
const inlinePicture = 30;

/** Reads HTML. Never throws for what is in it. */
export function readHtml(html: string): HtmlText {
  const reader = new Reader();
  const parser = new Parser(reader, {
    decodeEntities: true,
    lowerCaseTags: true,
    lowerCaseAttributeNames: true,
  });
  let at = 0;
  while (at < html.length) {
    const next = html.indexOf('<', at + piece);
    const end = next < 0 ? html.length : next;
    parser.write(html.slice(at, end));
    at = end;
    if (reader.depth > deepest) {
      parser.end();
      parser.reset();
    }
  }
  parser.end();
  return {
    text: reader.visible.join(''),
    hidden: reader.hidden.join(''),
    links: reader.links,
    addressed: reader.addressed,
  };
}

class Reader {
  readonly visible: string[] = [];
  readonly hidden: string[] = [];
  readonly links: string[] = [];
  readonly addressed: AddressedLink[] = [];
  /** The target of the link that is open, and so much of its text as a reader sees. */
  private openLink: { readonly target: string; text: string } | undefined;
  private readonly looks: Look[] = [plain];
  private readonly rules = new Map<string, Declarations>();
  private pictures = 0;
  /** How many open elements have content that is no text. */
  private silence = 0;
  /** The style sheet that is open. */
  private sheet: string[] | undefined;

  /** How many elements are open. */
  get depth(): number {
    return this.looks.length - 1;
  }

  onopentag(name: string, attributes: Record<string, string>): void {
    if (silent.has(name)) this.silence++;
    if (name === 'style') this.sheet = [];
    this.separate(name);
    this.enter(this.lookOf(name, attributes));
    if (isEmpty(attributes)) return;
    if (name === 'a' && attributes['href'] !== undefined)
      this.openLink = { target: attributes['href'].trim(), text: '' };
    for (const target of targets) {
      const value = attributes[target]?.trim();
      if (value !== undefined && value !== '' && !value.startsWith('data:'))
        this.link(value, pictures.has(target));
    }
  }

  onclosetag(name: string): void {
    if (name === 'style' && this.sheet !== undefined) {
      for (const [selector, declarations] of rulesOf(this.sheet.join('')))
        this.rules.set(selector, declarations);
      this.sheet = undefined;
    }
    if (name === 'a') this.closeLink();
    if (silent.has(name)) this.silence = Math.max(0, this.silence - 1);
    if (this.looks.length > 1) this.looks.pop();
    this.separate(name);
  }

  ontext(text: string): void {
    if (this.sheet !== undefined) this.sheet.push(text);
    else if (this.silence === 0) {
      this.stream().push(text);
      const { openLink } = this;
      if (openLink !== undefined && this.look().readable && openLink.text.length < longestLinkText)
        openLink.text += text;
    }
  }

  private closeLink(): void {
    if (this.openLink === undefined) return;
    const { target, text } = this.openLink;
    const host = address.exec(text.slice(0, longestLinkText))?.[1];
    if (host !== undefined) this.addressed.push({ host: host.toLowerCase(), target });
    this.openLink = undefined;
  }

  private link(target: string, isPicture: boolean): void {
    this.links.push(target);
    const length = isPicture && this.pictures++ >= mostPictures ? inlinePicture : inlineTarget;
    if (this.silence === 0) this.stream().push(` ${target.slice(0, length)} `);
  }

  private separate(name: string): void {
    if (blocks.has(name)) this.stream().push('\n');
    else if (cells.has(name)) this.stream().push(' ');
  }

  /** Two texts that are hidden apart are no one word. */
  private enter(look: Look): void {
    if (!look.readable && this.look().readable) this.hidden.push(' ');
    this.looks.push(look);
  }

  private stream(): string[] {
    return this.look().readable ? this.visible : this.hidden;
  }

  private look(): Look {
    return this.looks.at(-1) ?? plain;
  }

  private lookOf(name: string, attributes: Readonly<Record<string, string>>): Look {
    const outer = this.look();
    if (outer.hidden || (this.rules.size === 0 && isEmpty(attributes))) return outer;
    const declarations = oldDeclarations(name, attributes);
    if (this.rules.size > 0) {
      for (const selector of selectorsOf(name, attributes)) {
        for (const [property, declared] of this.rules.get(selector) ?? [])
          declare(declarations, property, declared);
      }
    }
    const style = attributes['style'];
    if (style !== undefined) {
      for (const [property, declared] of declarationsOf(style)) declare(declarations, property, declared);
    }
    return lookWithin(outer, declarations, (blocks.has(name) || cells.has(name)) && !growing.has(name));
  }
}

function isEmpty(attributes: object): boolean {
  return Object.keys(attributes).length === 0;
}

function selectorsOf(name: string, attributes: Readonly<Record<string, string>>): string[] {
  const classes = (attributes['class'] ?? '').toLowerCase().split(/\s+/, 20);
  return [name, ...classes.map((one) => `.${one}`), `#${(attributes['id'] ?? '').toLowerCase()}`];
}
