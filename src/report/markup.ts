/**
 * Markup of HTML and SVG as a value, so that text and markup cannot be taken for each other: what stands in a template is
 * markup, what is put into it is text and escaped, unless it is markup itself.
 *
 * What is written is well-formed XML as long as the templates are. Text may be hostile (subjects, paths, words of a message):
 * control characters, also those that turn the direction of writing, and what XML cannot hold become a dot.
 */

/** A piece of markup. */
export class Markup {
  readonly text: string;

  /** @param text Markup that is trusted: never what a message or a user has brought; {@link markup} escapes that. */
  constructor(text: string) {
    this.text = text;
  }
}

/** What may be put into a template: markup as it is, text and numbers escaped, lists one after the other, nothing. */
export type Insertion = Markup | string | number | undefined | readonly Insertion[];

/** Makes markup: markup`<p title="${text}">${text}</p>`. Attributes are quoted in the template. */
export function markup(template: TemplateStringsArray, ...values: readonly Insertion[]): Markup {
  return new Markup(template.reduce((text, part, at) => text + inserted(values[at - 1]) + part));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function inserted(value: Insertion): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(inserted).join('');
  return escaped(String(value));
}

function escaped(text: string): string {
  return text.replace(/\p{C}/gu, '·').replace(/[&<>"']/g, (letter) => entities[letter] ?? '');
}
