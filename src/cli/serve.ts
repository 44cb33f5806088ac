/** `tamis serve`: the daemon. */
import manifest from '../../package.json' with { type: 'json' };
import { accountEntry } from '../config/accounts.ts';
import { actAsOwner, loadConfig, otherOwner, type Config } from '../config/load.ts';
import { addressOf, type Access, type Address } from '../daemon/address.ts';
import type { Wanted } from '../daemon/dlmtp.ts';
import { serve } from '../daemon/serve.ts';
import { TamisError } from '../errors.ts';
import type { Chosen, Deliver } from '../filter/deliver.ts';
import type { Command, CommonArguments } from './command.ts';
import { inOurWords, wordsFor } from './dspam-words.ts';
import { filterCommand, parseWords } from './options.ts';

interface ServeArguments extends CommonArguments {
  socket: string | undefined;
  spamd: string | undefined;
  lmtp: string | undefined;
  public: string | undefined;
  metrics: string | undefined;
}

/** The command. */
export const serveCommand: Command<ServeArguments> = {
  command: 'serve',
  describe: 'Judge mail as a daemon: PATH is a Unix socket, HOST:PORT is TCP on loopback.',
  builder: (yargs) =>
    yargs
      .option('socket', { type: 'string', requiresArg: true, describe: 'Speak DLMTP (dspamc, tamisc).' })
      .option('spamd', {
        type: 'string',
        requiresArg: true,
        describe: 'Speak the protocol of spamd (spamc).',
      })
      .option('lmtp', {
        type: 'string',
        requiresArg: true,
        describe: 'Speak LMTP, and hand on to the setting lmtpNext.',
      })
      .option('public', {
        type: 'string',
        requiresArg: true,
        describe: 'A Unix socket for users, who act for themselves by a secret (tamis secret).',
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
    const addresses = {
      socket: address(argv.socket),
      spamd: address(argv.spamd),
      lmtp: address(argv.lmtp),
      public: publicAddress(argv.public),
      metrics: address(argv.metrics),
    };
    const { socket, spamd, lmtp, public: own } = addresses;
    if ((socket ?? spamd ?? lmtp ?? own) === undefined) {
      throw new TamisError(
        'USAGE',
        'Wrong command line: tamis serve needs --socket, --spamd, --lmtp or --public; see --help.',
      );
    }
    await serve(config, addresses, {
      version: manifest.version,
      reload: () => loadConfig(argv),
      access: accessOf(config),
      beforeWork: () => {
        actAsOwner(config.home);
      },
      understand,
    });
  },
};

/** Where root starts the daemon the sockets are the home's owner's, as the daemon itself is then. */
function accessOf({ home, settings: { socketMode: mode, socketGroup } }: Config): Access {
  const { uid, gid } = otherOwner(home) ?? {};
  if (socketGroup === undefined) return { mode, uid, gid };
  const [, , number] = accountEntry('group', socketGroup) ?? [];
  if (number === undefined)
    throw new TamisError('CONFIG', `There is no group ${socketGroup}, which socketGroup names.`);
  return { mode, uid, gid: Number(number) };
}

/** On a port somebody else may listen while the daemon is down, and be told secrets. */
function publicAddress(word: string | undefined): Address | undefined {
  const address = word === undefined ? undefined : addressOf(word);
  if (address?.kind !== 'tcp') return address;
  throw new TamisError('USAGE', 'Wrong command line: --public takes the path of a Unix socket.');
}

/** The command line in a process mode is the filter's, but what belongs to the client's own process is not for the daemon. */
function understand(words: readonly string[], recipient: string): Wanted {
  const { argv } = inOurWords(words, 'dspam');
  const command = filterCommand(parseWords(wordsFor(recipient, argv)));
  const { deliver, classify, lesson, onError, settings } = command;
  return { chosen: chosenOf(deliver), classify, lesson, onError, settings };
}

function chosenOf(deliver: Deliver | undefined): Chosen {
  switch (deliver?.kind) {
    case undefined:
      return { innocent: false, spam: false, summary: false };
    case 'stdout':
      return { innocent: true, spam: true, summary: false };
    case 'summary':
      return { innocent: false, spam: false, summary: true };
    case 'chosen':
      return deliver;
    case 'exec':
    case 'maildir':
      throw new TamisError('USAGE', `--deliver=${deliver.kind} is for the filter, not for the daemon.`);
  }
}
