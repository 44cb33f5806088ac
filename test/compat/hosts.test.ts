/** What a site's `.qmail` files and mailfilters say, word for word as for DSPAM: run by the shell as qmail-local does, and by the real maildrop. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../peers.ts';
import { mail, numbered, signatureIn, Site, user } from './site.ts';

const site = new Site();
const ham = mail['ham1.eml'] ?? '';
const spam = mail['spam1.eml'] ?? '';
let env: Record<string, string>;
beforeAll(async () => {
  await site.begin({ daemon: true });
  const { place, daemon } = site;
  for (const [as, message] of [
    ['spam', spam],
    ['innocent', ham],
  ] as const) {
    const corpus = ['dspam', '--user', user, '--source=corpus', `--class=${as}`];
    for (let n = 0; n < 6; n++) site.run(corpus, numbered(message, n));
  }
  for (const box of ['Maildir', 'Maildir/.Spam'])
    for (const part of ['tmp', 'new', 'cur']) mkdirSync(place.path(box, part), { recursive: true });
  env = {
    PATH: `${place.path('bin')}:/usr/bin:/bin`,
    MAILHOME: place.folder,
    EXT: 'test',
    HOST: 'example.org',
    TAMIS_CONFIG: place.path('tamis.toml'),
    TAMIS_SOCKET: daemon.socket,
  };
});
afterAll(async () => {
  await site.end();
});

/** Runs a command line of a `.qmail` file, behind its `|`. */
function qmail(line: string, message: string): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', line], {
    input: message,
    env,
    cwd: site.place.folder,
  });
  return { status, stdout: stdout.toString('latin1'), stderr: stderr.toString() };
}

/** What lies in a folder of the Maildir. */
function messages(...folder: string[]): string[] {
  const path = site.place.path('Maildir', ...folder, 'new');
  return readdirSync(path).map((name) => readFileSync(`${path}/${name}`, 'latin1'));
}

describe.each(['dspam', 'dspamc'])('a .qmail file with %s', (program) => {
  const line = `${program} --user "$EXT@$HOST" --deliver=stdout | cat`;

  test('judges on the way to the deliverer', () => {
    const out = qmail(line, numbered(spam, 50)).stdout;
    expect(out).toContain('\nX-DSPAM-Result: Spam\n');
    expect(out.endsWith(spam.slice(spam.indexOf('\n\n')))).toBe(true);
    expect(qmail(line, numbered(ham, 50)).stdout).toContain('\nX-DSPAM-Result: Innocent\n');
  });

  test('--process and an agent of its own, which is passed over', () => {
    const old = `${program} --process --user "$EXT@$HOST" --mode=teft --deliver=innocent,spam --stdout --debug -d %u`;
    const { status, stdout, stderr } = qmail(old, numbered(ham, 51));
    expect(status).toBe(0);
    expect(stdout).toContain('\nX-DSPAM-Result: Innocent\n');
    expect(stderr).toContain('these words change nothing: -d %u');
  });

  test('a retrain by an old signature', () => {
    const id = signatureIn(qmail(line, numbered(spam, program.length)));
    const retrain = `${program} --user "$EXT@$HOST" --class=innocent --source=error --signature=${id}`;
    expect(qmail(`${retrain} </dev/null`, '')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(site.run(['dspam_stats', user]).stdout).toMatch(/FP: {5}[1-4] /);
  });

  test('a forward to notspam-test@', () => {
    const forward = `From: ${user}\nSubject: Fwd\n\n${qmail(line, numbered(spam, program.length + 10)).stdout}`;
    const id = /X-DSPAM-Signature: (\S+)/.exec(forward)?.[1] ?? '';
    const retrain = `${program} --user "$EXT@$HOST" --class=innocent --source=error --deliver=summary`;
    expect(qmail(retrain, forward).stdout).toContain(`confidence=0.00; signature=${id}\n`);
  });
});

describeWith(['maildrop'], (maildrop) => {
  const filter = `xfilter "dspamc --user $EXT@$HOST --stdout --deliver=innocent,spam"
if ( /^X-DSPAM-Result: Spam/ )
{
  to "$MAILHOME/Maildir/.Spam/"
}
to "$MAILHOME/Maildir/"
`;

  test('the old mailfilter files spam', () => {
    const file = site.place.path('mailfilter');
    writeFileSync(
      file,
      `${['MAILHOME', 'EXT', 'HOST', 'PATH', 'TAMIS_CONFIG', 'TAMIS_SOCKET'].map((name) => `${name}="${name === 'EXT' ? 'box' : (env[name] ?? '')}"\n`).join('')}${filter}`,
      { mode: 0o600 },
    );
    // A user of its own, who has not called spam innocent as above.
    const box = 'box@example.org';
    for (const [as, message] of [
      ['spam', spam],
      ['innocent', ham],
    ] as const) {
      const corpus = ['dspam', '--user', box, '--source=corpus', `--class=${as}`];
      for (let n = 0; n < 6; n++) site.run(corpus, numbered(message, n));
    }
    for (const message of [numbered(spam, 70), numbered(ham, 71)]) {
      const { status, stderr } = spawnSync(maildrop, [file], { input: message, env, cwd: site.place.folder });
      expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
    }
    expect(messages('.Spam')).toHaveLength(1);
    expect(messages('.Spam')[0]).toContain('\nX-DSPAM-Result: Spam\n');
    expect(messages()).toHaveLength(1);
    expect(messages()[0]).toContain('\nX-DSPAM-Result: Innocent\n');
  });
});
