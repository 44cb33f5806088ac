/**
 * `dspam --version`, `--help` and `--daemon`; all else of dspam is the filter's.
 *
 * The words behind `Configuration parameters` are what DSPAM's web interface and its scripts look for: how the directories of users are
 * scaled (by domain), and that there are preferences. Help goes to stderr with status 0, as DSPAM's does (capture 33), but says what tamis takes.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import manifest from '../../../package.json' with { type: 'json' };
import { usualSockets } from '../../config/sockets.ts';
import { runCommand } from '../main.ts';
import { filterOptions } from '../words.ts';
import { say } from './words.ts';

const version = 'DSPAM Anti-Spam Suite 3.10.2 (agent/library)';
const parameters = "Configuration parameters:  '--enable-domain-scale' '--enable-virtual-users'";

/** The program, for what is not a message. */
export async function runDspam(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help')) {
    process.stderr.write(help());
    return;
  }
  if (argv.includes('--version')) {
    say('', version, '', `tamis ${manifest.version} answers for it.`, '', parameters);
    return;
  }
  await runDaemon(argv);
}

function help(): string {
  const dspam = [
    '--process',
    '--rcpt-to=LIST',
    '--mail-from=ADDRESS',
    '--feature=no,wh,tb=N',
    '--profile=NAME',
  ];
  const ours = Object.entries(filterOptions).map(([name, { type }]) =>
    type === 'boolean' ? `--${name}` : `--${name}=…`,
  );
  const words = [...ours, ...dspam, '--daemon', '--nofork', '--debug', '--version', '--help'];
  return `Syntax: dspam ${words.map((word) => `[${word}]`).join(' ')}\n`;
}

/** `tamis serve` on the usual socket, in the foreground with `--nofork`. */
async function runDaemon(argv: readonly string[]): Promise<void> {
  const words = argv.filter((word) => !['--daemon', '--nofork', '--debug'].includes(word));
  const socket = process.env['TAMIS_SOCKET'] ?? usualSockets.socket;
  const asked = words.some((word) => word.startsWith('--socket'));
  const line = ['serve', ...(asked ? [] : [`--socket=${socket}`]), ...words];
  if (argv.includes('--nofork')) {
    process.exitCode = await runCommand(line);
    return;
  }
  const script = fileURLToPath(new URL('./tamis.js', import.meta.url));
  spawn(process.execPath, [script, ...line], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  }).unref();
}
