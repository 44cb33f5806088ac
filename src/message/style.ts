/**
 * What a style hides from the reader: the part of CSS that mail uses to show a filter one text and a person another.
 *
 * Style attributes, the old attributes of <font>, <body> and <td>, and the simplest rules of a style sheet (`tag`, `.class`, `#id`,
 * alone or in a list), less those whose names stand in other rules of it, too, or in rules for some screens only (`@media`): of these only
 * that there is a colour is known. Anything else of CSS is ignored, and where it cannot be told whether a text is hidden it is taken as visible: what is hidden can
 * speak against a message only, and the program of a reader may show it.
 */
import { oneLine } from './blanks.ts';
import { canBeTold, colorIn, type Color } from './color.ts';

/** How text stands in an element, inherited from the elements around it. */
export interface Look {
  /** Hidden whatever the elements within say: not displayed, cut off, put off the screen. */
  readonly hidden: boolean;
  /** Too small to be read, or not visible, unless an element within says otherwise. */
  readonly small: boolean;
  readonly invisible: boolean;
  readonly color: Color;
  readonly background: Color;
  /** Not hidden, and its colour can be told from the background. */
  readonly readable: boolean;
}

/** What is said of a property. */
interface Declared {
  readonly value: string;
  /** Whether it is said to beat what is said later. */
  readonly important: boolean;
}

/** Declarations by property name. */
export type Declarations = ReadonlyMap<string, Declared>;

/** Black on white, as a reader without any style shows it. */
export const plain: Look = {
  hidden: false,
  small: false,
  invisible: false,
  color: [0, 0, 0],
  background: [255, 255, 255],
  readable: true,
};

/** The most rules of a style sheet that are read. */
const mostRules = 1000;

/** Properties that are read; others cost nothing, however many there are. */
const properties: ReadonlySet<string> = new Set(
  (
    'display visibility opacity color font font-size text-indent margin-left position left top overflow width height max-width ' +
    'max-height min-width min-height background background-color background-image'
  ).split(' '),
);

/** Sizes, from which relative to the text around, that cannot be read: one pixel or point, or the like of it. */
const tiny: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['px', 1],
  ['pt', 1],
  ['em', 0.07],
  ['rem', 0.07],
  ['%', 7],
]);
const relative: ReadonlySet<string> = new Set(['em', '%']);

/** From here on, in pixels, what is put to the left or above is on no screen; so far does nobody move what is to be seen. */
const offScreen = -500;
/** Pixels of a unit, as large as they usually are. */
const pixels: ReadonlyMap<string, number> = new Map([
  ['px', 1],
  ['pt', 1.33],
  ['em', 16],
  ['rem', 16],
]);

/** Pixels that a box may have and show nothing. */
const mostCut = 2;

/** Backgrounds through which that of the element around is seen. */
const noBackground = /^(?:none|transparent|inherit|initial|unset)?$/;

/** The declarations of a style attribute, names and values in lower case. */
export function declarationsOf(style: string): Map<string, Declared> {
  const declarations = new Map<string, Declared>();
  for (const declaration of withoutComments(style).toLowerCase().split(';')) {
    const colon = declaration.indexOf(':');
    const name = declaration.slice(0, Math.max(0, colon)).trim();
    if (!properties.has(name)) continue;
    const [value = '', ...marks] = declaration.slice(colon + 1).split('!');
    declare(declarations, name, { value: oneLine(value), important: marks.length > 0 });
  }
  return declarations;
}

/** Adds what is said later, or with more right, of a property. */
export function declare(declarations: Map<string, Declared>, name: string, declared: Declared): void {
  if (declared.important || declarations.get(name)?.important !== true) declarations.set(name, declared);
}

/** The declarations of an element by its old attributes. */
export function oldDeclarations(
  name: string,
  attributes: Readonly<Record<string, string>>,
): Map<string, Declared> {
  const declarations = new Map<string, Declared>();
  const tell = (property: string, value: string | undefined): void => {
    if (value !== undefined)
      declarations.set(property, { value: value.toLowerCase().trim(), important: false });
  };
  tell('color', name === 'body' ? attributes['text'] : attributes['color']);
  tell('background-color', attributes['bgcolor']);
  tell('background-image', attributes['background']);
  if ('hidden' in attributes) tell('display', 'none');
  return declarations;
}

/** Rules of a style sheet by selector (`p`, `.x`, `#y`). */
export function rulesOf(sheet: string): Map<string, Declarations> {
  const rules = new Map<string, Map<string, Declared>>();
  const doubtful = new Set<string>();
  const add = (name: string, declarations: Declarations): void => {
    const rule = rules.get(name) ?? new Map<string, Declared>();
    if (rules.size >= mostRules && rule.size === 0) return;
    for (const [property, declared] of declarations) declare(rule, property, declared);
    rules.set(name, rule);
  };
  for (const { before, body, isNested } of blocksOf(withoutComments(sheet))) {
    const declarations = declarationsOf(body);
    for (const selector of declarations.size === 0 ? [] : before.toLowerCase().split(',')) {
      const name = selector.trim();
      const isPlain = !isNested && /^[.#]?[\w-]+$/.test(name);
      for (const part of isPlain ? [name] : (name.match(/[.#]?[\w-]+/g) ?? [])) {
        add(part, declarations);
        if (!isPlain) doubtful.add(part);
      }
    }
  }
  for (const name of doubtful) {
    const colours = [...(rules.get(name) ?? [])].filter(([property]) =>
      /^(?:color|background)/.test(property),
    );
    rules.set(
      name,
      new Map(colours.map(([property, { important }]) => [property, { value: '?', important }])),
    );
  }
  return rules;
}

/** The blocks of a style sheet that hold no other blocks: what stands before each, what in it, and whether it stands within another. */
function* blocksOf(
  sheet: string,
): Generator<{ readonly before: string; readonly body: string; readonly isNested: boolean }> {
  let depth = 0;
  let before = '';
  let start = 0;
  let isLeaf = false;
  for (const { 0: brace, index } of sheet.matchAll(/[{}]/g)) {
    if (brace === '{') {
      depth++;
      before = sheet.slice(start, index);
      isLeaf = true;
    } else {
      if (isLeaf) yield { before, body: sheet.slice(start, index), isNested: depth > 1 };
      isLeaf = false;
      depth = Math.max(0, depth - 1);
    }
    start = index + 1;
  }
}

/**
 * How text stands in an element with these declarations, inside an element that looks like `outer`.
 *
 * @param isBox Whether the element has a width and a height of its own, which what is in it does not make larger.
 */
export function lookWithin(outer: Look, declarations: Declarations, isBox: boolean): Look {
  if (outer.hidden || declarations.size === 0) return outer;
  const said = (name: string): string | undefined => declarations.get(name)?.value;
  const color = colorOf(said('color'), outer.color);
  const background = backgroundOf(said, outer.background);
  const hidden =
    said('display') === 'none' ||
    Number.parseFloat(said('opacity') ?? '1') === 0 ||
    isOffScreen(said) ||
    isClipped(said, isBox);
  const small = isSmall(said('font-size') ?? sizeIn(said('font')), outer.small);
  const visibility = said('visibility');
  const invisible =
    visibility === 'hidden' || visibility === 'collapse' || (visibility !== 'visible' && outer.invisible);
  const readable = !hidden && !small && !invisible && canBeTold(color, background);
  return { hidden, small, invisible, color, background, readable };
}

/** What is said of a property, by its name. */
type Said = (name: string) => string | undefined;

/** Whether a size is too small to be read; one that is relative to that of the element around makes nothing larger. */
function isSmall(size: string | undefined, outer: boolean): boolean {
  if (size === undefined || size === 'inherit') return outer;
  const [, number, unit = ''] = /^([\d.]{1,20}) ?([a-z%]*)/.exec(size) ?? [];
  if (number === undefined) return false;
  const least = tiny.get(unit) ?? 0;
  return Number.parseFloat(number) <= least || (relative.has(unit) && outer);
}

/** The size in the shorthand `font`: its numbers without a unit say how heavy the type is and how far apart the lines. */
function sizeIn(font: string | undefined): string | undefined {
  return font?.split(/[\s/]/).find((word) => /^0|^[\d.]+[a-z%]/.test(word));
}

function isOffScreen(said: Said): boolean {
  const isPlaced = /^(?:absolute|fixed|relative)$/.test(said('position') ?? '');
  const places = isPlaced ? ['text-indent', 'margin-left', 'left', 'top'] : ['text-indent', 'margin-left'];
  return places.some((name) => {
    const [, number = '', unit = ''] = /^(-[\d.]{1,20}) ?([a-z]*)/.exec(said(name) ?? '') ?? [];
    return Number.parseFloat(number) * (pixels.get(unit) ?? 0) <= offScreen;
  });
}

/** A box without extent, or with next to none, whose overflow is cut off. */
function isClipped(said: Said, isBox: boolean): boolean {
  if (said('overflow') !== 'hidden' || said('min-height') !== undefined || said('min-width') !== undefined)
    return false;
  if (!isBox && !/block|flex|grid/.test(said('display') ?? '')) return false;
  return ['width', 'height', 'max-height', 'max-width'].some((name) => {
    const [, number = '', unit = ''] = /^([\d.]{1,20}) ?([a-z%]*)/.exec(said(name) ?? '') ?? [];
    return number !== '' && Number.parseFloat(number) <= (unit === 'px' ? mostCut : 0);
  });
}

function colorOf(value: string | undefined, outer: Color): Color {
  if (value === undefined || value === 'inherit') return outer;
  return colorIn(value) ?? 'unknown';
}

function backgroundOf(said: Said, outer: Color): Color {
  const values = ['background-color', 'background', 'background-image'].map((name) => said(name) ?? '');
  const shown = values.filter((value) => !noBackground.test(value));
  const colors = shown.map(colorIn).filter((color) => color !== undefined);
  const [color = shown.length === colors.length ? outer : 'unknown'] = colors.filter(
    (one) => one !== 'transparent',
  );
  return color;
}

/** Without CSS comments, and without the marks of an HTML comment that old sheets stand in. */
function withoutComments(sheet: string): string {
  const css = sheet.includes('--') ? sheet.replaceAll('<!--', ' ').replaceAll('-->', ' ') : sheet;
  if (!css.includes('/*')) return css;
  const [first = '', ...others] = css.split('/*');
  return first + others.map((piece) => piece.split('*/').slice(1).join('*/')).join(' ');
}
