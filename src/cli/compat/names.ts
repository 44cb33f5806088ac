/**
 * DSPAM's programs by name, and by which of them tamis was called. Loaded on every delivery, so it does nothing else.
 *
 * The name is that of the link (`/usr/local/bin/dspam`), or the first word (`tamis dspam --user joe`), which is what the links that
 * `tamis compat install` makes say.
 */

/** DSPAM's programs that tamis stands in for. */
export const dspamNames = [
  'dspam',
  'dspamc',
  'dspam_train',
  'dspam_stats',
  'dspam_clean',
  'dspam_dump',
  'dspam_merge',
  'dspam_crc',
  'dspam_admin',
] as const;

/** One of them. */
export type DspamName = (typeof dspamNames)[number];

/** A name, and the words behind it. */
export interface Called {
  readonly name: 'tamis' | DspamName;
  readonly argv: readonly string[];
}

/** By which name a process was called, by its whole command line: node, the script, the words. */
export function calledAs([, script = '', ...argv]: readonly string[]): Called {
  const link = script.slice(script.lastIndexOf('/') + 1);
  if (isDspamName(link)) return { name: link, argv };
  const [first] = argv;
  if (first !== undefined && isDspamName(first)) return { name: first, argv: argv.slice(1) };
  return { name: 'tamis', argv };
}

/** Whether a command line of dspam or dspamc is not for the filter. To dspamc `--daemon` is a word like any other. */
export function asksDspam(name: DspamName, argv: readonly string[]): boolean {
  return argv.some(
    (word) => word === '--help' || word === '--version' || (word === '--daemon' && name === 'dspam'),
  );
}

function isDspamName(word: string): word is DspamName {
  return word.startsWith('dspam') && (dspamNames as readonly string[]).includes(word);
}
