/**
 * A site that had DSPAM: its programs by their names, run without an environment, by tamis with DSPAM's engine; and tests that compare what
 * they do with what was recorded.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Place } from '../cli/tamis.ts';
import { Daemon } from '../daemon/daemon.ts';
import { capture, masked, messageIn, numberless } from './capture.ts';

/** What came of a command line. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The user of most runs. */
export const user = 'test@example.org';

/** Messages of the recorded runs, by the names of their files. */
export const mail: Readonly<Record<string, string>> = {
  null: '',
  'ham1.eml': messageIn('07-stdout-ham'),
  'spam1.eml': messageIn('21-process-spam-stdout'),
  'html.eml': messageIn('A-lda-ok'),
  'crlf.eml': messageIn('A-crlf').replace('\n\n', '\n\r\n'),
  'mboxline.eml': messageIn('A-mboxline'),
  'nonl.eml': messageIn('A-nonl'),
  'nul.eml': 'From: a@b.example\nSubject: nul\n\nbefore\0after\nnext line\n',
  'dot.eml':
    'From: Eve <eve@example.net>\nTo: test@example.org\nSubject: dot test\nMessage-ID: <d1@example.net>\n\nline one\n.\nline after dot\n..two dots\n.leading dot text\nlast line\n',
};

/** The site. */
export class Site {
  readonly daemon: Daemon;

  /** @param options Of the daemon. */
  constructor(...options: readonly string[]) {
    this.daemon = new Daemon(...options);
  }

  get place(): Place {
    return this.daemon.place;
  }

  /** Makes the names, and starts the daemon if dspamc is used. */
  async begin({ daemon = false, more = '' }: { daemon?: boolean; more?: string } = {}): Promise<void> {
    mkdirSync(this.place.path('bin'));
    this.settings(more);
    this.place.run(['compat', 'install', this.place.path('bin')]);
    if (daemon) await this.daemon.start();
  }

  /** Writes the configuration. */
  settings(more: string, home: string = this.place.home): void {
    const lines = [`home = "${home}"`, 'createUsers = true', 'engine = "dspam"', 'enableBNR = true', more];
    writeFileSync(this.place.path('tamis.toml'), `${lines.join('\n')}\n`);
  }

  /** Runs a program: nothing in the environment but where the configuration and the daemon are. */
  run(words: readonly string[], stdin = ''): Outcome {
    const [name = '', ...rest] = words;
    const { status, stdout, stderr } = spawnSync(this.place.path('bin', name), rest, {
      input: Buffer.from(stdin, 'latin1'),
      env: {
        TZ: 'UTC',
        TAMIS_CONFIG: this.place.path('tamis.toml'),
        TAMIS_SOCKET: this.daemon.socket,
        TMPDIR: this.place.temporary,
      },
      timeout: 30_000,
    });
    return { status, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') };
  }

  /** Runs what was recorded, with other words where these are given. */
  again(name: string, change: (word: string) => string = (word) => word): Outcome {
    const { words, stdin } = capture(name);
    return this.run(words.map(change), mail[stdin] ?? '');
  }

  /** A test that a run gives what was recorded, but for signatures and dates. */
  equal(name: string, change?: (word: string) => string): void {
    test(name, () => {
      const outcome = this.again(name, change);
      expect({ ...outcome, stdout: masked(outcome.stdout) }).toEqual(recorded(name, masked));
    });
  }

  /** A test that a run gives what was recorded, but for the model's numbers. */
  alike(name: string, why: string): void {
    test(`${name}; other numbers: ${why}`, () => {
      const outcome = this.again(name);
      expect({ ...outcome, stdout: numberless(outcome.stdout) }).toEqual(recorded(name, numberless));
    });
  }

  /** A test of a run that gives something else. */
  differs(name: string, why: string, check: () => void): void {
    test(`${name}; different: ${why}`, check);
  }

  /** What is in a user's quarantine. */
  quarantine(name: string = user): string[] {
    const folder = `${this.place.home}/quarantine/${name}/new`;
    return readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`, 'latin1'));
  }

  async end(): Promise<void> {
    await this.daemon.remove();
  }
}

/** What was recorded; nothing stood on stderr. */
function recorded(name: string, mask: (text: string) => string): Outcome {
  const { stdout, status } = capture(name);
  return { stdout: mask(stdout), stderr: '', status };
}

/** The signature in an output. */
export function signatureIn({ stdout }: Outcome): string {
  return /[0-9a-f]{8}\d{16}/.exec(stdout)?.[0] ?? '';
}

/** A message as another one. */
export function numbered(message: string, number: number): string {
  return message.replace(/^Message-ID: .*$/m, `Message-ID: <n${number}@example.net>`);
}
