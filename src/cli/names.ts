/** Which command lines are not the filter's. */
import { fstatSync } from 'node:fs';

/** The names of the commands beside the filter. */
const commandNames: readonly string[] = [
  'train',
  'learn-folders',
  'evaluate',
  'explain',
  'stats',
  'users',
  'purge',
  'serve',
  'rules',
  'qmail',
];

const questions: readonly string[] = ['--help', '-h', '--version'];

/**
 * Whether a command line is for a command beside the filter. Without a message (on a terminal) an empty command line
 * or a misspelt command is one too, so that somebody tells what is wrong; with one, the message must pass.
 */
export function isCommand([first]: readonly string[]): boolean {
  if (first !== undefined && (commandNames.includes(first) || questions.includes(first))) return true;
  return (first === undefined || !first.startsWith('-')) && isTerminal();
}

/** Whether stdin is a terminal, or another device from which no message comes; node:tty takes 5 ms to load. */
function isTerminal(): boolean {
  try {
    return fstatSync(0).isCharacterDevice();
  } catch {
    return false;
  }
}
