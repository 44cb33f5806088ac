/** `tamis status`: what the daemon says of itself. */
import { loadConfig } from '../config/load.ts';
import { usualSockets } from '../config/sockets.ts';
import { askStatus, socketOf } from '../daemon/client.ts';
import { sitePass } from '../daemon/pass.ts';
import { jsonOption, print, type Command, type CommonArguments } from './command.ts';

interface StatusArguments extends CommonArguments {
  socket: string | undefined;
  json: boolean;
}

/** Milliseconds that the daemon has: a worker that is busy for longer than its deadline is replaced within this time. */
const patience = 10_000;

/** The command. */
export const statusCommand: Command<StatusArguments> = {
  command: 'status',
  describe: 'Ask the daemon (tamis serve --socket) how it is.',
  builder: (yargs) =>
    jsonOption(yargs).option('socket', {
      type: 'string',
      requiresArg: true,
      describe: `Where it listens (default $TAMIS_SOCKET, else ${usualSockets.socket}).`,
    }),
  handler: async ({ socket, json, ...options }) => {
    const pass = sitePass(loadConfig(options).settings);
    const status = await askStatus(socketOf(socket ?? ''), patience, pass);
    const rows: readonly (readonly [string, string | number])[] = [
      ['version', status.version],
      ['pid', status.pid],
      ['up, seconds', status.uptime],
      ['home', status.home],
      ['memory, MiB', mebibytes(status.residentBytes)],
      ['warm users', status.warmUsers],
      ['their memory, MiB', mebibytes(status.warmBytes)],
      ['messages', status.messages],
      ...Object.entries(status.verdicts).map(([verdict, count]) => [`  ${verdict}`, count] as const),
      ['learned', status.learned],
      ['errors', status.errors],
    ];
    print(json, status, () => rows.map(([name, value]) => `${name.padEnd(20)}${value}`));
  },
};

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
