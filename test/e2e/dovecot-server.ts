/**
 * The real Dovecot as examples/dovecot sets it up, as a server with LMTP and IMAP: the files of the example and the generated rules,
 * with folders of the test in the place of the system's. It takes root, because Dovecot does.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peer } from '../peers.ts';
import { freePort, Imap, submit } from './dialogue.ts';
import {
  emptyConfig,
  giveTo,
  makeMaildir,
  must,
  node,
  root,
  rule,
  ruleOf,
  script,
  tamis,
  type Identity,
} from './site.ts';

/** What a site decides. */
export interface Site {
  /** A folder of its own, without blanks: Dovecot takes none in a path of its configuration. */
  readonly place: string;
  /** Whose the mail is. */
  readonly owner: Identity;
  /** The home of tamis. */
  readonly home: string;
  /** Options of the rules. */
  readonly options?: Readonly<Partial<Record<'sieve' | 'imapsieve' | 'dovecot', readonly string[]>>>;
  /** Where the mail is, if somebody else files it there: a folder for each user in one for each domain. */
  readonly mail?: string;
  /** More settings. */
  readonly settings?: string;
}

const password = 'secret';

/** A Dovecot. */
export class DovecotServer {
  readonly lmtp: string;
  readonly conf: string;
  /** What stands in the place of tamis in the package: a script that may be another one. */
  readonly program: string;
  private readonly site: Site;
  private readonly mail: string;
  private port = 0;
  private process: ChildProcess | undefined;

  constructor(site: Site) {
    const { place } = site;
    this.site = site;
    this.mail = site.mail ?? join(place, 'vmail');
    this.lmtp = join(place, 'run/lmtp');
    this.conf = join(place, 'etc/dovecot.conf');
    this.program = join(place, 'package/dist/tamis.js');
  }

  /** Writes what examples/dovecot/README.md says, and starts it. */
  async start(): Promise<void> {
    const { place, owner, home, options = {}, settings = '' } = this.site;
    mkdirSync(this.mail, { recursive: true });
    for (const folder of ['etc/conf.d', 'sieve', 'package/rules', 'package/dist']) {
      mkdirSync(join(place, folder), { recursive: true });
    }
    copyFileSync(rule('tamis-filter'), join(place, 'package/rules/tamis-filter'));
    const environment = `export TAMIS_HOME='${home}' TAMIS_CONFIG='${emptyConfig(place)}'`;
    script(this.program, `${environment}\nexec '${node}' '${tamis}' "$@"`);
    this.port = await freePort();
    const example = readFileSync(join(root, 'examples/dovecot/dovecot.conf'), 'utf8');
    writeFileSync(this.conf, this.here(example) + this.ofTests(settings));
    writeFileSync(join(place, 'etc/users'), '');
    writeFileSync(join(place, 'log'), '', { mode: 0o666 });
    giveTo(owner, this.mail, join(place, 'log'));
    writeFileSync(
      join(place, 'etc/conf.d/95-tamis.conf'),
      this.here(ruleOf('dovecot', ...(options.dovecot ?? []))),
    );
    for (const [host, name] of [
      ['sieve', 'tamis'],
      ['imapsieve', 'tamis-learn'],
    ] as const) {
      const file = join(place, `sieve/${name}.sieve`);
      writeFileSync(file, this.here(ruleOf(host, ...(options[host] ?? []))));
      must([peer('sievec') ?? '', '-c', this.conf, file], { env: { PATH: '/usr/bin:/bin' } });
    }
    this.process = spawn(peer('dovecot') ?? '', ['-F', '-c', this.conf], { stdio: 'ignore' });
    for (let n = 0; n < 200 && !existsSync(this.lmtp); n++) await sleep(50);
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
    const { owner } = this.site;
    const [name = '', domain = ''] = user.split('@');
    const home = join(this.mail, domain, name);
    const maildir = makeMaildir(join(home, 'Maildir'));
    giveTo(
      owner,
      join(home, '..'),
      home,
      maildir,
      ...['cur', 'new', 'tmp'].map((part) => join(maildir, part)),
    );
    return maildir;
  }

  /** Logs somebody in. */
  async imap(user: string): Promise<Imap> {
    return await Imap.login(this.port, user, password);
  }

  /** Hands a message in by LMTP; what Dovecot answers. */
  async deliver(user: string, message: string): Promise<string> {
    const mail = { from: 'kim@example.org', to: [user], messages: [message] };
    const [reply = ''] = await submit('LMTP', this.lmtp, mail);
    return reply;
  }

  /** What Dovecot has logged. */
  log(): string {
    return readFileSync(join(this.site.place, 'log'), 'utf8');
  }

  /** A text of the example or of a rule, with this test's places in it. */
  private here(text: string): string {
    const { place, owner } = this.site;
    return text
      .replaceAll('/etc/dovecot/sieve', join(place, 'sieve'))
      .replaceAll('/etc/dovecot', join(place, 'etc'))
      .replaceAll('/var/vmail', this.mail)
      .replaceAll(join(root, 'rules'), join(place, 'package/rules'))
      .replaceAll(join(root, 'dist'), join(place, 'package/dist'))
      .replace(/\b(mail_uid = |uid=)vmail\b/g, `$1${owner.uid}`)
      .replace(/\b(mail_gid = |gid=)vmail\b/g, `$1${owner.gid}`);
  }

  private ofTests(settings: string): string {
    const { place } = this.site;
    return `
base_dir = ${place}/run
state_dir = ${place}/state
log_path = ${place}/log
service imap-login {
  chroot =
  inet_listener imap {
    port = ${this.port}
  }
  inet_listener imaps {
    port = 0
  }
}
# Everybody: Dovecot reads the file of the example again only when a second has gone by.
passdb {
  driver = static
  args = password=${password}
}
${settings}`;
  }
}
