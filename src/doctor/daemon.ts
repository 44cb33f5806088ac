/** Whether the daemon answers on its sockets, is of this version, and serves this home. */
import { connect } from 'node:net';
import { addressOf } from '../daemon/address.ts';
import { askStatus } from '../daemon/client.ts';
import { sitePass } from '../daemon/pass.ts';
import { describe, TamisError } from '../errors.ts';
import { quoted, type Finding } from './finding.ts';
import type { Check, Configured, Protocol } from './site.ts';

/** Milliseconds that an answer may take. */
const patience = 5000;

/** What starts it again, under whichever supervisor it is. */
const restart =
  'systemctl restart tamis # or: svc -t /service/tamis, sv restart tamis, s6-svc -r /run/service/tamis';

/** How one sees on each socket that somebody is there. */
const hello: Readonly<Record<Protocol, (site: Configured, socket: string) => AsyncIterable<Finding>>> = {
  socket: status,
  spamd: async function* (_, socket) {
    await greeted(socket, 'PING SPAMC/1.5\r\n\r\n', 'SPAMD/');
  },
  lmtp: async function* (_, socket) {
    await greeted(socket, 'QUIT\r\n', '220 ');
  },
};

/** The check. */
export const daemon: Check = async function* (site) {
  for (const [protocol, socket] of Object.entries(site.sockets)) {
    try {
      yield* hello[protocol as Protocol](site, socket);
    } catch (error) {
      yield {
        code: 'DAEMON_SILENT',
        sentence: `Nobody answers on ${socket} (${protocol}); a socket without a daemon is left over when it is killed: ${describe(error)}`,
        type: restart,
      };
    }
  }
};

async function* status({ version, config }: Configured, socket: string): AsyncIterable<Finding> {
  const there = await askStatus(socket, patience, sitePass(config.settings));
  if (there.version !== version) {
    yield {
      code: 'DAEMON_VERSION',
      sentence: `The daemon at ${socket} (process ${there.pid}) is tamis ${there.version}, this is ${version}; what is installed runs when it is started again.`,
      type: restart,
    };
  }
  if (there.home !== config.home) {
    yield {
      code: 'DAEMON_HOME',
      sentence: `The daemon at ${socket} (process ${there.pid}) keeps its users in ${there.home}, and commands use ${config.home}.`,
      type: `tamis doctor --home ${quoted(there.home)} # or set home in the configuration, for all`,
    };
  }
}

async function greeted(socket: string, words: string, begin: string): Promise<void> {
  const address = addressOf(socket);
  if (address.kind === 'passed') return;
  const answer = await new Promise<string>((resolve, reject) => {
    const connection = connect(address.kind === 'unix' ? { path: address.path } : { ...address });
    connection.setTimeout(patience, () => connection.destroy(new TamisError('DEADLINE', 'It is silent.')));
    connection.once('error', reject).once('data', (piece: Buffer) => {
      connection.destroy();
      resolve(piece.toString('latin1'));
    });
    connection.once('end', () => {
      reject(new TamisError('DAEMON', 'It hangs up.'));
    });
    connection.write(words);
  });
  if (!answer.startsWith(begin))
    throw new TamisError('DAEMON', `It says ${JSON.stringify(answer.slice(0, 80))}.`);
}
