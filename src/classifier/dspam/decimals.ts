/**
 * Numbers as C's printf writes them.
 */

/** Enough for every digit that a double between .0001 and 1 can have behind a tie. */
const exactDigits = 60;

/** A number with so many decimals; of two that are equally near the even one, `0.53125` is `0.5312`, where toFixed takes the larger. */
export function decimals(value: number, digits: number): string {
  const rounded = value.toFixed(digits);
  const exact = value.toFixed(exactDigits);
  const cut = exact.length - exactDigits + digits;
  const tie = /^50*$/.test(exact.slice(cut));
  return tie && /[02468]\.?$/.test(exact.slice(0, cut)) ? exact.slice(0, cut) : rounded;
}
