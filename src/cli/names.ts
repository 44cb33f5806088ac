/** Which command lines are not the filter's. */
import { fstatSync } from 'node:fs';
import { commonOptions, tokensOf } from './words.ts';

/** The names of the commands beside the filter. */
const commandNames: readonly string[] = [
  'train',
  'learn-folders',
  'evaluate',
  'explain',
  'export',
  'import',
  'stats',
  'users',
  'prefs',
  'quarantine',
  'purge',
  'store',
  'serve',
  'status',
  'secret',
  'doctor',
  'rules',
  'qmail',
  'compat',
];

const questions: readonly (string | undefined)[] = ['--help', '-h', '--version'];

/**
 * Whether a command line is for a command beside the filter: its first word is the name of one, with nothing but common options
 * before it, or it asks for help. Without a message (on a terminal) an empty command line or a misspelt command is one too, so that
 * somebody tells what is wrong; with one, the message must pass.
 */
export function isCommand(argv: readonly string[]): boolean {
  const tokens = tokensOf(argv);
  const end = tokens.findIndex(({ kind }) => kind === 'option-terminator');
  const own = end < 0 ? tokens : tokens.slice(0, end);
  if (own.some(({ kind, index }) => kind === 'option' && questions.includes(argv[index]))) return true;
  const first = own.find((token) => token.kind !== 'option' || !Object.hasOwn(commonOptions, token.name));
  if (first?.kind === 'positional' && commandNames.includes(first.value)) return true;
  return first?.kind !== 'option' && isTerminal();
}

/** Whether stdin is a terminal. The first look spares mail the 5 ms that node:tty takes to load. */
function isTerminal(): boolean {
  try {
    return fstatSync(0).isCharacterDevice() && process.stdin.isTTY;
  } catch {
    return false;
  }
}
