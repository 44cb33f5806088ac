/**
 * The built command as a process, run as a mail host runs it: bytes in, bytes and a status out, hardly any environment.
 *
 * Bytes are strings of latin1 here, one character a byte.
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** The command line that starts tamis, without arguments. */
export const program: readonly [string, ...string[]] = [process.execPath, join(root, 'dist/tamis.js')];

/** What a process gets beside its arguments. */
export interface Surroundings {
  /** The bytes of stdin; none unless given. */
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Runs it as this user and group, without any other group; takes root. */
  readonly uid?: number;
  /** A shell script whose `"$@"` is the command; for redirections and limits. */
  readonly script?: string;
  /** Options of node itself. */
  readonly node?: readonly string[];
}

/** How long a process may take before the test fails, in milliseconds. */
const patience = 15_000;

/** What came of it. */
export interface Outcome {
  /** Null if a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines on stderr. */
  readonly said: readonly string[];
}

/** A folder of its own for one test file: a home to be, a place for temporary files, an empty configuration. */
export class Place {
  /** The folder; anybody may read it. */
  readonly folder: string;
  /** Where the home is to be. It does not exist yet. */
  readonly home: string;
  /** $TMPDIR of the processes. */
  readonly temporary: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'tamis-test-'));
    chmodSync(this.folder, 0o755);
    this.home = this.path('home');
    this.temporary = this.path('temporary');
    mkdirSync(this.temporary);
    chmodSync(this.temporary, 0o1777);
    writeFileSync(this.path('tamis.toml'), '');
  }

  /** A path below the folder. */
  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** The environment of a process: nothing of ours but what finds programs. */
  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      TZ: 'UTC',
      TMPDIR: this.temporary,
      TAMIS_HOME: this.home,
      TAMIS_CONFIG: this.path('tamis.toml'),
      ...more,
    };
  }

  /** Runs tamis to its end. */
  run(args: readonly string[], { stdin = '', env, cwd, uid, script, node = [] }: Surroundings = {}): Outcome {
    const [executable, ...fixed] = program;
    const line: readonly string[] = [executable, ...node, ...fixed, ...args];
    const [command, ...rest] = script === undefined ? line : ['/bin/sh', '-c', script, 'sh', ...line];
    const { error, status, stdout, stderr } = spawnSync(command ?? '', rest, {
      input: Buffer.from(stdin, 'latin1'),
      env: this.env(env),
      cwd: cwd ?? this.folder,
      ...(uid === undefined ? {} : { uid, gid: uid }),
      maxBuffer: 1 << 28,
      timeout: patience,
      killSignal: 'SIGKILL',
    });
    // A process that leaves its stdin unread is no failure of the test.
    if (error !== undefined && !('code' in error && error.code === 'EPIPE')) throw error;
    const text = stderr.toString('utf8');
    return {
      status,
      stdout: stdout.toString('latin1'),
      stderr: text,
      said: text.split('\n').filter((words) => words !== ''),
    };
  }

  /** Starts tamis and leaves its stdin open. */
  start(args: readonly string[], env?: NodeJS.ProcessEnv): ChildProcessWithoutNullStreams {
    const [executable, ...fixed] = program;
    return spawn(executable, [...fixed, ...args], { env: this.env(env), cwd: this.folder });
  }

  /** All files and directories below a path, with what is in the files; empty if it does not exist. */
  tree(path: string = this.home): Record<string, string> {
    const found: Record<string, string> = {};
    try {
      for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
        const name = join(entry.parentPath, entry.name);
        found[name] = entry.isFile() ? readFileSync(name, 'latin1') : 'directory';
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    return found;
  }

  /** Removes everything. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What bytes say in UTF-8. */
export function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
