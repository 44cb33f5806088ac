/**
 * The command lines of DSPAM's filter, run by the links of `tamis compat install` without an environment, in the order in which they were
 * recorded, against what DSPAM wrote. Equal but for signatures and dates, unless the name of a test says why not.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Place } from '../cli/tamis.ts';
import { Daemon } from '../daemon/daemon.ts';
import { capture, masked, messageIn, numberless } from './capture.ts';

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let daemon: Daemon;
let place: Place;
const user = 'test@example.org';
const mail: Record<string, string> = {
  null: '',
  'ham1.eml': messageIn('07-stdout-ham'),
  'spam1.eml': messageIn('21-process-spam-stdout'),
  'html.eml':
    'From: F <f@example.net>\nTo: test@example.org\nSubject: html only\nContent-Type: text/html\nMessage-ID: <h1@example.net>\n\n<html><body><p>Hello there</p></body></html>\n',
  'dot.eml':
    'From: Eve <eve@example.net>\nTo: test@example.org\nSubject: dot test\nMessage-ID: <d1@example.net>\n\nline one\n.\nline after dot\n..two dots\n.leading dot text\nlast line\n',
};

beforeAll(async () => {
  daemon = new Daemon();
  ({ place } = daemon);
  mkdirSync(place.path('bin'));
  settings('');
  place.run(['compat', 'install', place.path('bin')]);
  await daemon.start();
});
afterAll(async () => {
  await daemon.remove();
});

function settings(more: string): void {
  writeFileSync(
    place.path('tamis.toml'),
    `home = "${place.home}"\ncreateUsers = true\nengine = "dspam"\nenableBNR = true\n${more}`,
  );
}

/** Runs one of the programs as a mail host does: nothing in the environment but where the configuration and the daemon are. */
function run(words: readonly string[], stdin: string): Outcome {
  const [name = '', ...rest] = words;
  const { status, stdout, stderr } = spawnSync(place.path('bin', name), rest, {
    input: Buffer.from(stdin, 'latin1'),
    env: {
      TZ: 'UTC',
      TAMIS_CONFIG: place.path('tamis.toml'),
      TAMIS_SOCKET: daemon.socket,
      TMPDIR: place.temporary,
    },
    timeout: 30_000,
  });
  return { status, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') };
}

/** Runs what was recorded, with another signature or other words where these are given. */
function again(name: string, change: (word: string) => string = (word) => word): Outcome {
  const { words, stdin } = capture(name);
  return run(words.map(change), mail[stdin] ?? '');
}

/** The signature in an output. */
function signatureIn({ stdout }: Outcome): string {
  return /[0-9a-f]{8}\d{16}/.exec(stdout)?.[0] ?? '';
}

const counted = new Set<string>();

/** A run that gives what was recorded. */
function equal(name: string, also = ''): void {
  counted.add(name);
  test(`${name}${also}`, () => {
    const { stdout, status } = capture(name);
    const outcome = again(name);
    expect({ ...outcome, stdout: masked(outcome.stdout) }).toEqual({
      stdout: masked(stdout),
      stderr: '',
      status,
    });
  });
}

/** A run that gives what was recorded but for the model's numbers. */
function alike(name: string, why: string): void {
  counted.add(name);
  test(`${name}; other numbers: ${why}`, () => {
    const { stdout, status } = capture(name);
    const outcome = again(name);
    expect({ ...outcome, stdout: numberless(outcome.stdout) }).toEqual({
      stdout: numberless(stdout),
      stderr: '',
      status,
    });
  });
}

/** A run that gives something else. */
function differs(name: string, why: string, check: () => void): void {
  counted.add(name);
  test(`${name}; different: ${why}`, check);
}

const once = 'a message that was learned is not learned again';
const loud = 'it says on stderr what is wrong, and no host takes 75 for a bounce';

describe('the first messages of a user', () => {
  equal('01-classify-unknown-user');
  equal('02-summary-first');
  equal('03-classify-after');
  equal('04-train-spam-corpus');
  equal('05-train-innocent-corpus');
  alike('06-classify-spam', once);
  alike('07-stdout-ham', once);
  alike('08-stdout-flag', once);
});

describe('dspamc, by the daemon', () => {
  alike('10c-classify', once);
  alike('11c-summary', once);
  equal('12c-train');
  alike('13c-stdout', once);
  alike('14c-stdout2', once);
  alike('15c-twousers', once);
  differs('15d-twousers-stdout', 'the second message has no X-Daemon-Classification', () => {
    const { stdout, status } = capture('15d-twousers-stdout');
    const outcome = again('15d-twousers-stdout');
    const wanted = numberless(stdout.replace('X-Daemon-Classification: INNOCENT\n', ''));
    expect({ ...outcome, stdout: numberless(outcome.stdout) }).toEqual({
      stdout: wanted,
      stderr: '',
      status,
    });
  });
  equal('16c-nodeliver');
  differs('17c-dot', 'a lone dot ends nothing', () => {
    const { stdout, status } = again('17c-dot');
    expect(status).toBe(0);
    expect(stdout.startsWith(numberless(capture('17c-dot').stdout).split('X-DSPAM')[0] ?? '')).toBe(true);
    expect(
      stdout.endsWith('\n\nline one\n.\nline after dot\n..two dots\n.leading dot text\nlast line\n'),
    ).toBe(true);
  });
});

describe('spam', () => {
  let id = '';
  beforeAll(() => {
    for (let i = 0; i < 10; i++) {
      const number = `Message-ID: <n${i}@spam.invalid>`;
      const spam = (mail['spam1.eml'] ?? '').replace(/^Message-ID: .*$/m, number);
      run(['dspam', '--user', user, '--class=spam', '--source=corpus'], spam);
    }
  });
  alike('20-classify-spam', once);
  counted.add('21-process-spam-stdout');
  test(`21-process-spam-stdout; other numbers: ${once}`, () => {
    const outcome = again('21-process-spam-stdout');
    id = signatureIn(outcome);
    expect(numberless(outcome.stdout)).toBe(numberless(capture('21-process-spam-stdout').stdout));
  });
  equal('22-process-spam-quarantine');
  test('what 22 does not deliver is in the quarantine', () => {
    const folder = `${place.home}/quarantine/${user}/new`;
    const kept = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, 'latin1'));
    expect(kept).toHaveLength(1);
    expect(kept[0]).toContain('X-DSPAM-Result: Spam\n');
  });
  differs('18c-spam-innocentonly-stdout', 'spam that is kept is no failure', () => {
    const name = '18c-spam-innocentonly-stdout';
    const { words } = capture(name);
    const outcome = run(
      words.map((word) => (word === 'q@example.org' ? user : word)),
      mail['spam1.eml'] ?? '',
    );
    expect(outcome).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(`${place.home}/quarantine/${user}/new`)).toHaveLength(2);
  });
  const bySignature = (word: string): string => word.replace(/(?<=--signature=).*/, id);
  for (const name of ['23-retrain-sig-innocent', '24-retrain-sig-again-stdout']) {
    counted.add(name);
    test(name, () => {
      const { stdout, status } = capture(name);
      const outcome = again(name, bySignature);
      expect({ ...outcome, stdout: masked(outcome.stdout) }).toEqual({
        stdout: masked(stdout),
        stderr: '',
        status,
      });
    });
  }
  test('retraining twice counts once', () => {
    const stats = (): string => run(['dspam_stats', user], '').stdout;
    const before = stats();
    again('23-retrain-sig-innocent', bySignature);
    expect(stats()).toBe(before);
  });
  differs('25-retrain-badsig', loud, () => {
    const { status, stdout, stderr } = again('25-retrain-badsig');
    expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
    expect(stderr).toContain('The signature "deadbeef" is unknown');
  });
  differs('26-retrain-by-header', 'X-DSPAM fields of the message are taken out', () => {
    const { words, stdout } = capture('26-retrain-by-header');
    const judged = run(['dspam', '--user', user, '--deliver=stdout'], mail['ham1.eml'] ?? '').stdout;
    const outcome = run(words, judged);
    const forged = /^X-DSPAM-(?!Reclassified)[^\n]*\n/gm;
    expect(outcome).toEqual({ status: 0, stdout: stdout.replace(forged, ''), stderr: '' });
  });
  differs('27-retrain-nosig', 'the message itself is learned, and delivered', () => {
    const { status, stdout } = again('27-retrain-nosig');
    expect(status).toBe(0);
    expect(stdout).toContain('\nX-DSPAM-Reclassified: Spam\n');
  });
  for (const name of ['28-bad-class', '29-class-nosource', '30-nouser', '31-empty', '32-classify-class']) {
    differs(name, loud, () => {
      const { status, stdout, stderr } = again(name);
      expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
      expect(stderr).toMatch(/^tamis: .+\n$/);
    });
  }
  differs('33-help', 'it lists what tamis takes', () => {
    const { status, stdout, stderr } = again('33-help');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr.startsWith(capture('33-help').stderr.slice(0, 'Syntax: dspam ['.length))).toBe(true);
  });
});
