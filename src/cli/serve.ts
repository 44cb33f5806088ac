/** `tamis serve`: the daemon. */
import { actAsOwner, loadConfig } from '../config/load.ts';
import { addressOf, type Address } from '../daemon/address.ts';
import { serve } from '../daemon/serve.ts';
import { TamisError } from '../errors.ts';
import type { Command, CommonArguments } from './command.ts';

interface ServeArguments extends CommonArguments {
  spamd: string | undefined;
  metrics: string | undefined;
}

/** The command. */
export const serveCommand: Command<ServeArguments> = {
  command: 'serve',
  describe: 'Judge mail as a daemon: PATH is a Unix socket, HOST:PORT is TCP on loopback.',
  builder: (yargs) =>
    yargs
      .option('spamd', {
        type: 'string',
        requiresArg: true,
        describe: 'Speak the protocol of spamd (spamc).',
      })
      .option('metrics', {
        type: 'string',
        requiresArg: true,
        describe: 'Metrics for Prometheus, HOST:PORT.',
      }),
  handler: async (argv) => {
    const config = loadConfig(argv);
    const address = (word: string | undefined): Address | undefined =>
      word === undefined ? undefined : addressOf(word);
    const addresses = { spamd: address(argv.spamd), metrics: address(argv.metrics) };
    if (addresses.spamd === undefined)
      throw new TamisError('USAGE', 'Wrong command line: tamis serve needs --spamd; see --help.');
    await serve(config, addresses, {
      reload: () => loadConfig(argv),
      beforeWork: () => {
        actAsOwner(config.home);
      },
    });
  },
};
