/**
 * What a style hides from the reader: the part of CSS that mail uses to show a filter one text and a person another.
 *
 * Style attributes, the old attributes of <font>, <body> and <td>, and the simplest rules of a style sheet (`tag`, `.class`, `#id`,
 * alone or in a list). Anything else of CSS is ignored, also what holds for some screens only (`@media`): a text is then
 * taken as visible.
 */

/** How text stands in an element, inherited from the elements around it. */
export interface Look {
  /** Hidden by itself or by an element around it, whatever its colours. */
  readonly hidden: boolean;
  readonly color: Rgb;
  readonly background: Rgb;
  /** Not hidden, and its colour can be told from the background. */
  readonly readable: boolean;
}

/** Red, green and blue, 0 to 255 each. */
export type Rgb = readonly [number, number, number];

/** Declarations by property name. */
export type Declarations = ReadonlyMap<string, string>;

/** Black on white, as a reader without any style shows it. */
export const plain: Look = { hidden: false, color: [0, 0, 0], background: [255, 255, 255], readable: true };

/** Colours closer than this, weighted as eyes see them, cannot be told apart (SpamAssassin uses the same distance). */
const indistinct = 12;

/** The most rules of a style sheet that are read. */
const mostRules = 1000;

/** Properties that hide by themselves, and the values that do. */
const hiding: readonly (readonly [property: string, hides: (value: string) => boolean])[] = [
  ['display', (value) => value.startsWith('none')],
  ['visibility', (value) => value.startsWith('hidden') || value.startsWith('collapse')],
  ['opacity', (value) => Number.parseFloat(value) === 0],
  ['mso-hide', (value) => value.startsWith('all')],
  ['color', (value) => value.startsWith('transparent')],
  ['font-size', isTiny],
  // Its numbers without a unit say how heavy the type is and how far apart the lines.
  ['font', (value) => value.split(/[\s/]/).some((word) => /^0|[a-z%]$/.test(word) && isTiny(word))],
  ['text-indent', isOffScreen],
  ['margin-left', isOffScreen],
  ['left', isOffScreen],
  ['top', isOffScreen],
];

/** The largest sizes that cannot be read, by unit: one pixel or point, or the like of it. */
const tiny: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['px', 1],
  ['pt', 1],
  ['em', 0.07],
  ['rem', 0.07],
  ['%', 7],
]);

function isTiny(size: string): boolean {
  const [, number = '', unit = ''] = /^([\d.]{1,20}) ?([a-z%]*)/.exec(size) ?? [];
  return Number.parseFloat(number) <= (tiny.get(unit) ?? 0);
}

/** From here on, in pixels, what is put to the left or above is on no screen; so far does nobody move what is to be seen. */
const offScreen = -500;
/** Pixels of a unit, as large as they usually are. */
const pixels: ReadonlyMap<string, number> = new Map([
  ['px', 1],
  ['pt', 1.33],
  ['em', 16],
  ['rem', 16],
]);

function isOffScreen(place: string): boolean {
  const [, number = '', unit = ''] = /^(-[\d.]{1,20}) ?([a-z]*)/.exec(place) ?? [];
  return Number.parseFloat(number) * (pixels.get(unit) ?? 0) <= offScreen;
}

const colors: ReadonlyMap<string, Rgb> = new Map([
  ['white', [255, 255, 255]],
  ['snow', [255, 250, 250]],
  ['ivory', [255, 255, 240]],
  ['ghostwhite', [248, 248, 255]],
  ['floralwhite', [255, 250, 240]],
  ['mintcream', [245, 255, 250]],
  ['azure', [240, 255, 255]],
  ['whitesmoke', [245, 245, 245]],
  ['black', [0, 0, 0]],
  ['gray', [128, 128, 128]],
  ['grey', [128, 128, 128]],
  ['silver', [192, 192, 192]],
  ['red', [255, 0, 0]],
  ['maroon', [128, 0, 0]],
  ['yellow', [255, 255, 0]],
  ['orange', [255, 165, 0]],
  ['olive', [128, 128, 0]],
  ['lime', [0, 255, 0]],
  ['green', [0, 128, 0]],
  ['aqua', [0, 255, 255]],
  ['cyan', [0, 255, 255]],
  ['teal', [0, 128, 128]],
  ['blue', [0, 0, 255]],
  ['navy', [0, 0, 128]],
  ['fuchsia', [255, 0, 255]],
  ['magenta', [255, 0, 255]],
  ['purple', [128, 0, 128]],
]);

/** The declarations of a style attribute, names and values in lower case. */
export function declarationsOf(style: string): Map<string, string> {
  const declarations = new Map<string, string>();
  for (const declaration of withoutComments(style).toLowerCase().split(';')) {
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
  for (const [selectors, body] of blocksOf(withoutComments(sheet))) {
    const declarations = declarationsOf(body);
    for (const selector of selectors.split(',')) {
      const name = selector.trim().toLowerCase();
      if (rules.size >= mostRules) return rules;
      if (/^[.#]?[\w-]+$/.test(name)) rules.set(name, new Map([...(rules.get(name) ?? []), ...declarations]));
    }
  }
  return rules;
}

/** The blocks of a style sheet that hold no other blocks: what stands before each, and what in it. */
function* blocksOf(sheet: string): Generator<readonly [before: string, body: string]> {
  let depth = 0;
  let nested = false;
  let before = '';
  let start = 0;
  for (const { 0: brace, index } of sheet.matchAll(/[{}]/g)) {
    if (brace === '{') {
      depth++;
      nested = depth > 1;
      if (depth === 1) before = sheet.slice(start, index);
      start = index + 1;
    } else {
      if (depth === 1 && !nested) yield [before, sheet.slice(start, index)];
      depth = Math.max(0, depth - 1);
      start = index + 1;
    }
  }
}

/** How text stands in an element with these declarations, inside an element that looks like `outer`. */
export function lookWithin(outer: Look, declarations: Declarations): Look {
  if (outer.hidden || declarations.size === 0) return outer;
  const color = rgbOf(declarations.get('color')) ?? outer.color;
  const background =
    rgbOf(declarations.get('background-color')) ?? rgbOf(declarations.get('background')) ?? outer.background;
  const hidden =
    hiding.some(([property, hides]) => {
      const value = declarations.get(property);
      return value !== undefined && hides(value);
    }) || isClipped(declarations);
  return { hidden, color, background, readable: !hidden && distance(color, background) >= indistinct };
}

/** How far apart eyes see two colours, by the weights of luma (ITU-R BT.601). */
function distance([red, green, blue]: Rgb, [otherRed, otherGreen, otherBlue]: Rgb): number {
  return Math.sqrt(
    0.299 * (red - otherRed) ** 2 + 0.587 * (green - otherGreen) ** 2 + 0.114 * (blue - otherBlue) ** 2,
  );
}

/** A box without extent whose overflow is cut off. */
function isClipped(declarations: Declarations): boolean {
  if (declarations.get('overflow') !== 'hidden') return false;
  return ['width', 'height', 'max-height', 'max-width'].some(
    (name) => Number.parseFloat(declarations.get(name) ?? '1') === 0,
  );
}

/** The first colour in a value, since the shorthand `background` names other things beside it. */
function rgbOf(value: string | undefined): Rgb | undefined {
  if (value === undefined) return undefined;
  const at = value.indexOf('rgb');
  if (at >= 0) {
    const [red, green, blue] = value.slice(at, at + 40).match(/\d{1,3}/g) ?? [];
    return [Number(red ?? 0), Number(green ?? 0), Number(blue ?? 0)];
  }
  for (const word of value.split(' ', 10)) {
    const color = colors.get(word) ?? hexColor(word);
    if (color !== undefined) return color;
  }
  return undefined;
}

/** `#fff`, `#ffffff`, or `ffffff`, which browsers take for a colour in old attributes. */
function hexColor(word: string): Rgb | undefined {
  const digits = word.replace('#', '');
  const long = /^#[\da-f]{3}$/.test(word) ? digits.replace(/./g, '$&$&') : digits;
  if (!/^[\da-f]{6}$/.test(long)) return undefined;
  const number = Number.parseInt(long, 16);
  return [number >> 16, (number >> 8) & 0xff, number & 0xff];
}

/** A value without its priority, blanks of it made one. */
function cleaned(value: string): string {
  return value.replace('!important', '').replace(/\s+/g, ' ').trim();
}

/** Without CSS comments, and without the marks of an HTML comment that old sheets stand in. */
function withoutComments(sheet: string): string {
  const css = sheet.includes('--') ? sheet.replaceAll('<!--', ' ').replaceAll('-->', ' ') : sheet;
  if (!css.includes('/*')) return css;
  const [first = '', ...others] = css.split('/*');
  return first + others.map((piece) => piece.split('*/').slice(1).join('*/')).join(' ');
}
