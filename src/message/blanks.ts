/** White space as nobody sees it: a run of it is one blank. */

/** Runs that are not one blank already: looking for these only takes a third of the time. */
const run = /[^\S ]\s*| \s+/g;

/** A text whose runs of white space are one blank each. */
export function oneBlankEach(text: string): string {
  return text.replace(run, ' ');
}

/** A text in one line: {@link oneBlankEach}, and none at its ends. */
export function oneLine(text: string): string {
  return oneBlankEach(text).trim();
}
