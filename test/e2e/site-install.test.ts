/**
 * Installation as a site does it, by the steps of examples/README.md: root installs the package and trains, an unprivileged
 * user with one group and no supplementary ones delivers, under `env -i`.
 */
import { chmodSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeAsRoot } from '../peers.ts';
import {
  judgement,
  makeMaildir,
  messageOf,
  messagesIn,
  must,
  node,
  root,
  run,
  sample,
  withoutJudgement,
  workFolder,
  type Ended,
  type Identity,
} from './site.ts';

describeAsRoot('installed by root', () => {
  const work = workFolder();
  const account = `tamis-e2e-${process.pid}`;
  const prefix = join(work, 'usr/local');
  const program = join(prefix, 'bin/tamis');
  const home = join(work, 'var/lib/tamis');
  const config = join(work, 'etc/tamis/tamis.toml');
  const mail = join(work, 'mail');
  const maildir = join(work, 'Maildir');
  const user = 'joe@example.org';
  const path = { PATH: process.env['PATH'] ?? '' };
  let owner: Identity;

  /** The owner of a file and of all that lies below it. */
  function owners(place: string): string[] {
    const below = readdirSync(place, { recursive: true, encoding: 'utf8' }).map((name) => join(place, name));
    return [...new Set([place, ...below].map((one) => `${statSync(one).uid}:${statSync(one).gid}`))];
  }

  /** A delivery by the command line that rules use: absolute paths, nothing in the environment. */
  function deliver(file: string, as: Identity, ...words: string[]): Ended {
    return run([node, program, '--user', user, '--config', config, ...words], { stdin: file, as, cwd: '/' });
  }

  beforeAll(() => {
    // dist/ is built already; npm's own scripts would build it again under the other tests.
    const pack = ['npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', work];
    const tarball = must(pack, { cwd: root, env: npmEnvironment() }).stdout.trim();
    const install = [
      'npm',
      'install',
      '--global',
      '--prefer-offline',
      '--prefix',
      prefix,
      join(work, tarball),
    ];
    must(install, { cwd: work, env: npmEnvironment() });

    must(
      ['useradd', '--system', '--user-group', '--home-dir', home, '--shell', '/usr/sbin/nologin', account],
      { env: path },
    );
    const id = (option: string): number => Number(must(['id', option, account], { env: path }).stdout);
    owner = { uid: id('-u'), gid: id('-g') };
    must(['install', '-d', '-m', '755', join(work, 'var/lib'), join(work, 'etc/tamis')], { env: path });
    must(['install', '-d', '-o', account, '-g', account, '-m', '750', home], { env: path });
    writeFileSync(config, `home = "${home}"\n`);
    chmodSync(config, 0o644);

    // The mail belongs to who delivers it, and nobody else can read it.
    cpSync(join(root, 'examples/mail'), mail, { recursive: true });
    makeMaildir(maildir);
    must(['chown', '-R', `${account}:${account}`, mail, maildir], { env: path });
    must(['chmod', '-R', 'go=', mail, maildir], { env: path });

    const folders = ['--spam', join(mail, 'Spam'), '--innocent', join(mail, 'Ham')];
    must([node, program, 'train', '--user', user, '--config', config, ...folders]);
  });

  afterAll(() => {
    run(['userdel', account], { env: path });
  });

  test('what root trained belongs to the owner of the home', () => {
    expect(owners(home)).toEqual([`${owner.uid}:${owner.gid}`]);
    expect(readdirSync(home)).not.toEqual([]);
  });

  test('the delivering user has one group', () => {
    expect(run(['id', '-G'], { as: owner, env: path }).stdout.trim()).toBe(String(owner.gid));
  });

  test.each([
    ['spam-1', '.Spam', 'X-DSPAM-Result: Spam'],
    ['ham-1', '', 'X-DSPAM-Result: Innocent'],
  ] as const)('the delivering user judges %s and files it into "%s"', (name, folder, result) => {
    expect(deliver(sample(name), owner, `--deliver=maildir:${maildir}`)).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const [message = '', ...more] = messagesIn(maildir, folder);
    expect(more).toEqual([]);
    expect(judgement(message)).toContain(result);
    expect(judgement(message).join('\n')).toMatch(/^X-DSPAM-Signature: /m);
    expect(withoutJudgement(message)).toBe(messageOf(sample(name)));
    expect(owners(maildir)).toEqual([`${owner.uid}:${owner.gid}`]);
  });

  test('root corrects by the signature that the delivering user stored, and takes nothing from it', () => {
    const { stdout } = deliver(sample('ham-3'), owner);
    const signature = /^X-DSPAM-Signature: (\S+)/m.exec(stdout)?.[1] ?? '';
    const lesson = ['--class=spam', '--source=error', `--signature=${signature}`];
    expect(run([node, program, '--user', user, '--config', config, ...lesson])).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const stats = must([node, program, 'stats', '--user', user, '--config', config, '--json']).stdout;
    expect(JSON.parse(stats)).toMatchObject({ spamMisclassified: 1 });
    expect(owners(home)).toEqual([`${owner.uid}:${owner.gid}`]);
    expect(judgement(deliver(sample('ham-1'), owner).stdout)).toContain('X-DSPAM-Result: Innocent');
  });

  test('mail passes whole and unjudged for a user who may not read the home', () => {
    const stranger = { uid: owner.uid + 1, gid: owner.gid + 1 };
    const { status, stdout, stderr } = deliver(sample('spam-1'), stranger);
    expect({ status, stdout }).toEqual({ status: 0, stdout: messageOf(sample('spam-1')) });
    expect(stderr).toMatch(/^tamis: [^\n]+\n$/);
  });

  test('the installed command runs by its name', () => {
    const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
      .version;
    expect(must([program, '--version'], { env: path, as: owner }).stdout.trim()).toBe(version);
  });
});

/** npm reads its cache and its settings from the home of who runs it. */
function npmEnvironment(): Record<string, string> {
  const names = [
    'PATH',
    'HOME',
    'npm_config_cache',
    'npm_config_registry',
    'HTTPS_PROXY',
    'https_proxy',
    'NODE_EXTRA_CA_CERTS',
  ];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
