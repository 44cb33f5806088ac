/** Colours of CSS and of old attributes, as far as mail hides text by them. Names that are not here are unknown, as is every other way to write a colour. */

/** Red, green and blue, 0 to 255 each. */
type Rgb = readonly [number, number, number];

/** A colour; `unknown` is one that cannot be told, such as that of a picture. */
export type Color = Rgb | 'transparent' | 'unknown';

/** Colours closer than this, weighted as eyes see them, cannot be told apart (SpamAssassin uses the same distance). */
const indistinct = 12;

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

/** Whether text of a colour can be told from its background; where that is not known, it is taken as readable. */
export function canBeTold(color: Color, background: Color): boolean {
  if (color === 'transparent') return false;
  if (typeof color === 'string' || typeof background === 'string') return true;
  return distance(color, background) >= indistinct;
}

/** How far apart eyes see two colours, by the weights of luma (ITU-R BT.601). */
function distance([red, green, blue]: Rgb, [otherRed, otherGreen, otherBlue]: Rgb): number {
  return Math.sqrt(
    0.299 * (red - otherRed) ** 2 + 0.587 * (green - otherGreen) ** 2 + 0.114 * (blue - otherBlue) ** 2,
  );
}

/** The first colour in a value, since the shorthand `background` names other things beside it. */
export function colorIn(value: string): Rgb | 'transparent' | undefined {
  const numbers = /\brgba?\(([^)]{1,60})/.exec(value)?.[1];
  if (numbers !== undefined) {
    const [red, green, blue, alpha = '1'] = numbers.match(/\d{1,3}(?:\.\d{1,9})?/g) ?? [];
    return Number(alpha) === 0 ? 'transparent' : [Number(red ?? 0), Number(green ?? 0), Number(blue ?? 0)];
  }
  for (const word of value.split(' ', 10)) {
    const color = word === 'transparent' ? word : (colors.get(word) ?? hexColor(word));
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
