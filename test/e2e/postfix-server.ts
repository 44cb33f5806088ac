/**
 * The real Postfix with a configuration and a queue of its own, listening for SMTP on the loopback address. It takes root, because
 * Postfix does.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, submit } from './dialogue.ts';
import { must, node, script } from './site.ts';

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

/** A number of an account or a group, by its name. */
function numberOf(database: 'passwd' | 'group', name: string): number {
  return Number(spawnSync('getent', [database, name], { encoding: 'utf8' }).stdout.split(':')[2]);
}

/** A Postfix. */
export class PostfixServer {
  readonly conf: string;
  /** Where mail comes in by SMTP; once it is configured. */
  port = 0;
  /** Where judged mail comes back by SMTP. */
  private back = 0;
  private readonly place: string;

  /** @param place A folder of its own, which Postfix may look into. */
  constructor(place: string) {
    this.place = place;
    this.conf = join(place, 'etc');
  }

  /** Writes the configuration: lines of main.cf, and of master.cf. */
  async configure(settings: string, services = ''): Promise<void> {
    const { place, conf } = this;
    for (const folder of ['etc', 'queue', 'data']) mkdirSync(join(place, folder), { recursive: true });
    chownSync(join(place, 'data'), numberOf('passwd', 'postfix'), 0);
    for (const name of ['postfix-files', 'dynamicmaps.cf', 'dynamicmaps.cf.d', 'postfix-files.d'])
      cpSync(join('/etc/postfix', name), join(conf, name), { recursive: true });
    this.port = await freePort();
    writeFileSync(join(conf, 'main.cf'), base(place) + settings);
    this.back = await freePort();
    writeFileSync(
      join(conf, 'master.cf'),
      services.replaceAll('/usr/sbin/sendmail', this.sendmail()) + ofPostfix(this.port, this.back),
    );
  }

  /**
   * What stands in the place of sendmail: it hands the message to the other port. The real one takes no mail for a Postfix that the
   * system's own configuration does not name.
   */
  private sendmail(): string {
    const file = join(this.place, 'sendmail.cjs');
    const program = String.raw`const [, , ...words] = process.argv;
const [sender, recipient] = [words[3], words[5]];
if (words.length !== 6 || words[0] + words[1] + words[2] + words[4] !== '-G-i-f--') process.exit(64);
const message = require('node:fs').readFileSync(0, 'latin1').replace(/^\./gm, '..').replace(/\r?\n/g, '\r\n');
const say = ['EHLO localhost', 'MAIL FROM:<' + sender + '>', 'RCPT TO:<' + recipient + '>', 'DATA', message + '.', 'QUIT'];
const socket = require('node:net').connect(PORT, '127.0.0.1');
process.exitCode = 75;
let text = '';
socket.on('data', (bytes) => {
  text += bytes;
  for (let end; (end = text.indexOf('\n')) >= 0; text = text.slice(end + 1)) {
    if (text[3] === '-') continue;
    if (text[0] !== '2' && text[0] !== '3') socket.destroy();
    else if (say.length === 1) process.exitCode = 0;
    if (say.length > 0) socket.write(Buffer.from(say.shift() + '\r\n', 'latin1'));
  }
});
`;
    writeFileSync(file, program.replace('PORT', String(this.back)));
    return script(join(this.place, 'sendmail'), `exec '${node}' '${file}' "$@"`);
  }

  /** Changes the configuration as `postconf` does. */
  postconf(...words: readonly string[]): void {
    must(['/usr/sbin/postconf', '-c', this.conf, ...words], { env });
  }

  start(): void {
    must(['/usr/sbin/postfix', '-c', this.conf, 'start'], { env });
  }

  reload(): void {
    must(['/usr/sbin/postfix', '-c', this.conf, 'reload'], { env });
  }

  stop(): void {
    must(['/usr/sbin/postfix', '-c', this.conf, 'stop'], { env });
  }

  /** Tries again what waits. */
  flush(): void {
    must(['/usr/sbin/postqueue', '-c', this.conf, '-f'], { env });
  }

  /** Drops what waits. */
  forget(): void {
    must(['/usr/sbin/postsuper', '-c', this.conf, '-d', 'ALL'], { env });
  }

  /** What waits in the queue. */
  waiting(): string[] {
    const { stdout } = must(['/usr/sbin/postqueue', '-c', this.conf, '-j'], { env });
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** What Postfix has logged. */
  log(): string {
    return readFileSync(join(this.place, 'maillog'), 'utf8');
  }

  /** Hands messages in by SMTP; Postfix must take them. */
  async take(to: readonly string[], messages: readonly string[], from = 'kim@example.org'): Promise<void> {
    for (const reply of await submit('SMTP', this.port, { from, to, messages })) {
      if (!reply.startsWith('250 ')) throw new Error(`Postfix says ${reply}`);
    }
  }
}

const base = (place: string): string => `compatibility_level = 3.6
queue_directory = ${place}/queue
data_directory = ${place}/data
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
maillog_file = ${place}/maillog
maillog_file_prefixes = /tmp
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
transport_retry_time = 1s
message_size_limit = 50000000
`;

const ofPostfix = (port: number, back: number): string => `${port} inet n - n - - smtpd
${back} inet n - n - - smtpd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
