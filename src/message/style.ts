/**
 * What a style hides from the reader: the part of CSS that mail uses to show a filter one text and a person another.
 *
 * Style attributes, the old attributes of <font>, <body> and <td>, and the simplest rules of a style sheet (`tag`, `.class`, `#id`,
 * alone or in a list). Anything else of CSS is ignored: a text is then taken as visible.
 */

/** How text stands in an element, inherited from the elements around it. */
export interface Look {
  readonly hidden: boolean;
  /** Red, green, blue. */
  readonly color: Rgb;
  readonly background: Rgb;
}

/** Red, green and blue, 0 to 255 each. */
export type Rgb = readonly [number, number, number];

/** Declarations by property name. */
export type Declarations = ReadonlyMap<string, string>;

/** Black on white, as a reader without any style shows it. */
export const plain: Look = { hidden: false, color: [0, 0, 0], background: [255, 255, 255] };

/** Colours closer than this, weighted as eyes see them, cannot be told apart (SpamAssassin uses the same distance). */
const indistinct = 12;

/** The most rules of a style sheet that are read. */
const mostRules = 1000;

/** Properties that hide by themselves, with the values that do. */
const hiding: Readonly<Record<string, (value: string) => boolean>> = {
  display: (value) => value.startsWith('none'),
  visibility: (value) => value.startsWith('hidden') || value.startsWith('collapse'),
  opacity: (value) => Number.parseFloat(value) === 0,
  'mso-hide': (value) => value.startsWith('all'),
  'font-size': isTiny,
  font: (value) => value.split(/\s/).some((word) => /^\d/.test(word) && /p[xt]/.test(word) && isTiny(word)),
};

/** A size that cannot be read: at most one pixel or point, or a hundredth of the text around. */
function isTiny(size: string): boolean {
  const relative = size.includes('em') || size.includes('%');
  return Number.parseFloat(size) <= (relative ? 0.01 : 1);
}

const colors: Readonly<Record<string, Rgb>> = {
  white: [255, 255, 255],
  black: [0, 0, 0],
  red: [255, 0, 0],
  green: [0, 128, 0],
  blue: [0, 0, 255],
  yellow: [255, 255, 0],
  gray: [128, 128, 128],
  grey: [128, 128, 128],
  silver: [192, 192, 192],
  ivory: [255, 255, 240],
  snow: [255, 250, 250],
  whitesmoke: [245, 245, 245],
};

/** The declarations of a style attribute, names and values in lower case. */
export function declarationsOf(style: string): Map<string, string> {
  const declarations = new Map<string, string>();
  for (const declaration of style.toLowerCase().split(';')) {
    const colon = declaration.indexOf(':');
    if (colon > 0)
      declarations.set(declaration.slice(0, colon).trim(), cleaned(declaration.slice(colon + 1)));
  }
  return declarations;
}

/** The declarations of an element by its old attributes. */
export function oldDeclarations(
  name: string,
  attributes: Readonly<Record<string, string>>,
): Map<string, string> {
  const declarations = new Map<string, string>();
  const color = name === 'body' ? attributes['text'] : attributes['color'];
  if (color !== undefined) declarations.set('color', color.toLowerCase().trim());
  const background = attributes['bgcolor'];
  if (background !== undefined) declarations.set('background-color', background.toLowerCase().trim());
  if ('hidden' in attributes) declarations.set('display', 'none');
  return declarations;
}

/** Rules of a style sheet by selector (`p`, `.x`, `#y`). */
export function rulesOf(sheet: string): Map<string, Declarations> {
  const rules = new Map<string, Declarations>();
  for (const rule of sheet.split('}', mostRules)) {
    const brace = rule.indexOf('{');
    if (brace < 0) continue;
    const declarations = declarationsOf(rule.slice(brace + 1));
    for (const selector of rule.slice(0, brace).split(',')) {
      const name = selector.trim().toLowerCase();
      if (/^[.#]?[\w-]+$/.test(name)) rules.set(name, new Map([...(rules.get(name) ?? []), ...declarations]));
    }
  }
  return rules;
}

/** How text stands in an element with these declarations, inside an element that looks like `outer`. */
export function lookWithin(outer: Look, declarations: Declarations): Look {
  if (outer.hidden || declarations.size === 0) return outer;
  const color = rgbOf(declarations.get('color')) ?? outer.color;
  const background =
    rgbOf(declarations.get('background-color')) ?? rgbOf(declarations.get('background')) ?? outer.background;
  const hidden =
    Object.entries(hiding).some(([name, hides]) => hides(declarations.get(name) ?? '')) ||
    isClipped(declarations);
  return { hidden, color, background };
}

/** Whether text of this look can be read. */
export function readable({ hidden, color, background }: Look): boolean {
  if (hidden) return false;
  const [r = 0, g = 0, b = 0] = color.map((value, i) => value - (background[i] ?? 0));
  // The weights of luma (ITU-R BT.601).
  return Math.sqrt(0.299 * r * r + 0.587 * g * g + 0.114 * b * b) >= indistinct;
}

/** A box without extent whose overflow is cut off. */
function isClipped(declarations: Declarations): boolean {
  if (declarations.get('overflow') !== 'hidden') return false;
  return ['width', 'height', 'max-height', 'max-width'].some(
    (name) => Number.parseFloat(declarations.get(name) ?? '1') === 0,
  );
}

function rgbOf(value: string | undefined): Rgb | undefined {
  if (value === undefined) return undefined;
  const word = value.split(/\s/, 1)[0] ?? '';
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(word);
  if (short !== null) return triple(short, (digit) => parseInt(digit + digit, 16));
  const long = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(word);
  if (long !== null) return triple(long, (digits) => parseInt(digits, 16));
  const decimal = /^rgba?\( *(\d{1,3}) *, *(\d{1,3}) *, *(\d{1,3})/.exec(value);
  if (decimal !== null) return triple(decimal, Number);
  return Object.hasOwn(colors, word) ? colors[word] : undefined;
}

function triple([, r = '', g = '', b = '']: RegExpExecArray, read: (digits: string) => number): Rgb {
  return [read(r), read(g), read(b)];
}

function cleaned(value: string): string {
  return value.replace('!important', '').trim();
}
