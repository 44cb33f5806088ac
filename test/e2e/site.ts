/** What the end-to-end tests share: the built tamis, a place to work in, programs run to their end, and Maildirs. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { peer } from '../peers.ts';

/** The repository. */
export const root: string = join(import.meta.dirname, '../..');
/** Node by its absolute path, as rules name it. */
export const node: string = process.execPath;
/** The built entry. */
export const tamis: string = join(root, 'dist/tamis.js');

/** The sample message of examples/mail/incoming by the beginning of its name. */
export function sample(name: 'spam-1' | 'spam-2' | 'spam-3' | 'ham-1' | 'ham-3'): string {
  const folder = join(root, 'examples/mail/incoming');
  const file = readdirSync(folder).find((other) => other.startsWith(name));
  if (file === undefined) throw new Error(`There is no sample ${name}.`);
  return join(folder, file);
}

/** A rule as shipped. */
export function rule(name: string): string {
  return join(root, 'rules', name);
}

/** A folder for the tests of a file, made before them and removed after; others may look into it, as mail hosts do. */
export function workFolder(prefix = 'tamis e2e-'): string {
  const folder = join(tmpdir(), prefix + randomUUID());
  beforeAll(() => {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** How a program is run. */
export interface RunOptions {
  /** The file on stdin: seekable, at its beginning. None: an empty one. */
  readonly stdin?: string;
  /** All of its environment: as under `env -i`, nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Run it as this user with this one group, if the test is root. */
  readonly as?: Identity;
}

/** A user with one group. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** What became of a program. */
export interface Ended {
  /** Null if it was killed. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(command: readonly string[], { stdin, env, cwd, as }: RunOptions = {}): Ended {
  const [program = '', ...args] = as === undefined ? command : [...become(as), ...command];
  const input = openSync(stdin ?? '/dev/null', 'r');
  try {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      stdio: [input, 'pipe', 'pipe'],
      env: { ...env },
      cwd,
      encoding: 'latin1',
    });
    if (error !== undefined) throw error;
    return { status, stdout, stderr };
  } finally {
    closeSync(input);
  }
}

/** The words before a command that make it run as somebody else; none where the test is not root. */
function become({ uid, gid }: Identity): string[] {
  if (process.getuid?.() !== 0) return [];
  const setpriv = peer('setpriv');
  if (setpriv === undefined) throw new Error('setpriv is not installed (Debian: util-linux).');
  return [setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
}

/** Runs a program that must succeed. */
export function must(command: readonly string[], options: RunOptions = {}): Ended {
  const ended = run(command, options);
  if (ended.status !== 0) {
    throw new Error(`${command.join(' ')}: status ${String(ended.status)}\n${ended.stdout}${ended.stderr}`);
  }
  return ended;
}

/** A home in which `user` has learned the sample mail; it belongs to `as`, and so must all that lies in it. */
export function taughtHome(folder: string, user: string, { as }: Pick<RunOptions, 'as'> = {}): string {
  const home = join(folder, 'home');
  mkdirSync(home);
  if (as !== undefined) giveTo(as, home);
  const mail = join(root, 'examples/mail');
  const train = [
    node,
    tamis,
    'train',
    '--user',
    user,
    '--spam',
    join(mail, 'Spam'),
    '--innocent',
    join(mail, 'Ham'),
  ];
  must(train, { env: { TAMIS_HOME: home, TAMIS_CONFIG: emptyConfig(folder) } });
  return home;
}

/** A configuration that says nothing, so that none of the machine's is read. */
export function emptyConfig(folder: string): string {
  const file = join(folder, 'tamis.toml');
  if (!existsSync(file)) writeFileSync(file, '');
  return file;
}

/** An executable shell script. */
export function script(path: string, text: string): string {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Makes an empty Maildir. */
export function makeMaildir(path: string): string {
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(path, part), { recursive: true });
  return path;
}

/** The messages of a Maildir or one of its folders, read or not; none if it does not exist. */
export function messagesIn(maildir: string, folder = ''): string[] {
  return ['new', 'cur'].flatMap((part) => {
    const place = join(maildir, folder, part);
    return existsSync(place)
      ? readdirSync(place).map((name) => readFileSync(join(place, name), 'latin1'))
      : [];
  });
}

/** The header block, and the body with the empty line before it. */
function halves(message: string): [string, string] {
  const end = /\n\r?\n/.exec(message)?.index ?? message.length;
  return [message.slice(0, end + 1), message.slice(end + 1)];
}

/** The lines of the header block that tamis writes or takes out. */
export function judgement(message: string): string[] {
  return halves(message)[0]
    .split(/\r?\n/)
    .filter((line) => line.startsWith('X-DSPAM-'));
}

/** A message without the lines that tamis writes or takes out: what must come out as it went in. */
export function withoutJudgement(message: string): string {
  const [head, body] = halves(message);
  return head.replace(/^X-DSPAM-[^\n]*\n/gm, '') + body;
}

/** Reads a message byte by byte, as `messagesIn` does. */
export function messageOf(file: string): string {
  return readFileSync(file, 'latin1');
}

/** Gives a file or folder to a user, if the test is root. */
export function giveTo({ uid, gid }: Identity, ...paths: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  for (const path of paths) chownSync(path, uid, gid);
}

/** What a filter can do wrong: a script in its place, that a shell runs with the filter's arguments. */
export const faults: readonly (readonly [name: string, script: string])[] = [
  ['fails', 'cat >/dev/null; exit 1'],
  ['fails with a status that bounces mail', 'cat >/dev/null; exit 100'],
  ['fails without reading', 'exit 75'],
  ['is killed', 'cat >/dev/null; kill -9 $$'],
  ['is killed midway', 'head -c 200; kill -9 $$'],
];

/** What a filter in a plain pipe can do wrong that no exit status shows. */
export const silentFaults: readonly (readonly [name: string, script: string])[] = [
  ['prints nothing and exits 0', 'cat >/dev/null'],
  ['prints a beginning and exits 0', 'head -c 200'],
];

/** The rule that the command prints. */
export function ruleOf(host: string, ...options: readonly string[]): string {
  const { stdout } = must([node, tamis, 'rules', host, ...options]);
  return Buffer.from(stdout, 'latin1').toString();
}

/** A filter that is not judging mail but does what a fault does, as `--program` takes it. */
export function faulty(folder: string, text: string): string {
  return script(join(folder, `faulty-${randomUUID()}`), text);
}

/** Local parts of addresses that make a file, if a shell reads them: bare, and out of either kind of quotes. */
export function commands(file: string): string[] {
  const command = `touch ${file}`;
  return [`$(${command})`, `\`${command}\``, `a;${command};`, `a';${command};'`, `a";${command};"`];
}
