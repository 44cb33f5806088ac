/**
 * The real Exim as examples/exim sets it up, as a server with SMTP: the files of the example and the generated rule, with folders of the
 * test in the place of the system's. It runs as Exim's own user in the place of root, `tamis` and `vmail`, because it gives
 * up what root may do if its configuration lies elsewhere than in /etc.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peer } from '../peers.ts';
import { freePort, submit } from './dialogue.ts';
import { giveTo, makeMaildir, root, run, script, type Ended, type Identity } from './site.ts';

/** Exim's own user, by whose name it is built; nobody in particular where there is none. */
export const eximUser: Identity = account('Debian-exim') ?? { uid: 64_225, gid: 64_225 };

function account(name: string): Identity | undefined {
  const { status, stdout } = spawnSync('getent', ['passwd', name], { encoding: 'utf8' });
  const [, , uid, gid] = stdout.split(':');
  return status === 0 ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** An Exim. */
export class EximServer {
  readonly conf: string;
  private readonly place: string;
  private port = 0;
  private process: ChildProcess | undefined;

  /** @param place A folder of its own. */
  constructor(place: string) {
    this.place = place;
    this.conf = join(place, 'exim4.conf');
  }

  /** Writes the configuration of the example with a rule in it. */
  configure(rule: string, edit = (text: string): string => text): void {
    const { place } = this;
    for (const folder of ['spool', 'log', 'vmail']) mkdirSync(join(place, folder), { recursive: true });
    giveTo(eximUser, place, ...['spool', 'log', 'vmail'].map((folder) => join(place, folder)));
    const example = readFileSync(join(root, 'examples/exim/exim4.conf'), 'utf8');
    // What the rule calls reads this configuration too.
    const exim4 = script(join(place, 'exim4'), `exec '${peer('exim4') ?? ''}' -C '${this.conf}' "$@"`);
    const settings = `exim_path = ${exim4}
spool_directory = ${place}/spool
log_file_path = ${place}/log/%s
pid_file_path = ${place}/pid
deliver_drop_privilege
keep_environment =
`;
    writeFileSync(join(place, 'tamis.exim'), this.here(rule));
    writeFileSync(this.conf, edit(settings + this.here(example)));
  }

  /** Listens for SMTP. */
  async start(): Promise<void> {
    this.port = await freePort();
    const { uid, gid } = eximUser;
    const words = ['-C', this.conf, '-bdf', '-oX', `127.0.0.1.${this.port}`];
    const options = { uid, gid, stdio: 'ignore', env: {} } as const;
    this.process = spawn(peer('exim4') ?? '', words, options);
    for (let n = 0; n < 200 && !(await this.listens()); n++) await sleep(50);
  }

  async stop(): Promise<void> {
    const { process } = this;
    if (process === undefined || process.exitCode !== null) return;
    const exit = once(process, 'exit');
    process.kill('SIGTERM');
    await exit;
  }

  /** Makes somebody with a Maildir; its path. */
  addUser(user: string): string {
    const at = user.lastIndexOf('@');
    const home = join(this.place, 'vmail', user.slice(at + 1), user.slice(0, at));
    const maildir = makeMaildir(join(home, 'Maildir'));
    giveTo(
      eximUser,
      join(home, '..'),
      home,
      maildir,
      ...['cur', 'new', 'tmp'].map((part) => join(maildir, part)),
    );
    return maildir;
  }

  /** Hands a message in by SMTP, and waits until nothing more can be done with it at once; the reply. */
  async deliver(to: readonly string[], message: string, from = 'kim@example.org'): Promise<string[]> {
    const replies = await submit('SMTP', this.port, { from, to, messages: [message] });
    await this.settle();
    return replies;
  }

  /** Runs Exim with some words, and waits until nothing more can be done at once. */
  async command(words: readonly string[], stdin?: string): Promise<Ended> {
    const command = [peer('exim4') ?? '', '-C', this.conf, ...words];
    const ended = run(command, { as: eximUser, ...(stdin === undefined ? {} : { stdin }) });
    await this.settle();
    return ended;
  }

  /** The messages that wait to be tried again. */
  waiting(): string[] {
    const folder = join(this.place, 'spool/input');
    return readdirSync(folder).filter((name) => name.endsWith('-H'));
  }

  /** What Exim has logged. */
  log(): string {
    return readFileSync(join(this.place, 'log/main'), 'utf8');
  }

  /** Each message that has come is done with, refused, or waits, which its last line in the log says. */
  private async settle(): Promise<void> {
    for (let n = 0; n < 400; n++) {
      const last = new Map<string, string>();
      for (const line of this.log().split('\n')) {
        const [, id, what] = /^\S+ \S+ (\w{6}-\w{6}-\w\w) (.*)/.exec(line) ?? [];
        if (id !== undefined && what !== undefined) last.set(id, what);
      }
      const open = [...last.values()].filter(
        (what) => !/^(?:Completed|==|Frozen)| rejected after DATA/.test(what),
      );
      if (open.length === 0) return;
      await sleep(25);
    }
    throw new Error(`Exim does not come to an end: ${this.log()}`);
  }

  private async listens(): Promise<boolean> {
    const socket = createConnection(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  /** A text of the example or of a rule, with this test's places and users in it. */
  private here(text: string): string {
    return text
      .replaceAll('/etc/exim4/tamis.exim', join(this.place, 'tamis.exim'))
      .replaceAll('/var/vmail', join(this.place, 'vmail'))
      .replaceAll(/^( *(?:user|trusted_users) = )(?:tamis|vmail)$/gm, '$1Debian-exim');
  }
}
