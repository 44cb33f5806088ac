/**
 * examples/dspam-migration/README.md, done line by line on a site that DSPAM has left: a dspam.conf, hash files, signatures and preferences.
 *
 * Its commands are taken out of the page and run by a shell, with /etc, /home, /run, /usr/local and /var below a folder of their own.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMessage } from '../../src/classifier/dspam/text.ts';
import { tokensOf } from '../../src/classifier/dspam/tokens.ts';
import { advertisement, mail } from '../cli/mail.ts';
import { Place, program, root } from '../cli/tamis.ts';
import { describeWith } from '../peers.ts';
import { css, joe, signatureData, type Token } from './site.ts';

const page = readFileSync(join(root, 'examples/dspam-migration/README.md'), 'utf8');

describeWith(['maildrop'], (maildrop) => {
  let place: Place;
  let daemon: ChildProcess | undefined;
  let env: NodeJS.ProcessEnv;
  const signature = '6b0360fc154471170017774';
  const options = { tokenizer: 'chain', whitelist: false, ignoredFields: [] } as const;
  const keysOf = (message: string): bigint[] =>
    tokensOf(readMessage(Buffer.from(message, 'latin1')), options).all.map(({ key }) => key);

  beforeAll(() => {
    place = new Place();
    const put = (name: string, bytes: string | Buffer, mode = 0o644): void => {
      mkdirSync(join(place.path(name), '..'), { recursive: true });
      writeFileSync(place.path(name), bytes);
      chmodSync(place.path(name), mode);
    };
    const spam = keysOf(advertisement('old'));
    const innocent = keysOf(mail({ id: 'old' }));
    const tokens = [...new Set([...spam, ...innocent])].map((key): Token => [
      key,
      spam.includes(key) ? 50 : 0,
      innocent.includes(key) ? 50 : 0,
    ]);
    const data = 'var/lib/dspam/data/example.org/joe';
    put(`${data}/joe.css`, css({ ...joe, tokens, totals: [50, 50, 0, 0, 0, 0, 0, 0] }, 64));
    put(`${data}/joe.sig/${signature}.sig`, signatureData(spam, false));
    put(`${data}/joe.prefs`, 'showFactors=on\n');
    put(
      'etc/dspam/dspam.conf',
      'Home /var/lib/dspam\nTrainingMode toe\nTokenizer chain\nAlgorithm graham burton\nProcessorBias on\nPurgeUnused 90\nServerPass.Relay1 "secret"\nClientIdent "secret@Relay1"\n',
    );
    put('usr/local/bin/dspam', '#!/bin/sh\necho the old one\n', 0o755);
    put('usr/local/bin/dspamc', '#!/bin/sh\necho the old one\n', 0o755);
    put(
      'usr/local/bin/tamis',
      `#!/bin/sh\nexec ${program.map((word) => `'${word}'`).join(' ')} "$@"\n`,
      0o755,
    );
    put('home/vpopmail/bin/vdelivermail', '#!/bin/sh\nexec cat\n', 0o755);
    for (const folder of ['etc/tamis', 'run/tamis', 'var/lib/tamis'])
      mkdirSync(place.path(folder), { recursive: true });
    for (const box of ['Maildir', 'Maildir/.Spam']) {
      for (const part of ['tmp', 'new', 'cur']) mkdirSync(place.path(box, part), { recursive: true });
    }
    env = {
      PATH: `${place.path('usr/local/bin')}:/usr/bin:/bin`,
      TAMIS_CONFIG: place.path('etc/tamis/tamis.toml'),
      TAMIS_SOCKET: place.path('run/tamis/tamis.sock'),
      EXT: 'joe',
      HOST: 'example.org',
      MAILHOME: place.folder,
      TZ: 'UTC',
    };
  });
  afterAll(async () => {
    if (daemon?.exitCode === null) {
      daemon.kill();
      await once(daemon, 'exit');
    }
    place.remove();
  });

  /** The block of the page that begins behind some words of it, with the site's paths. */
  function block(behind: string): string {
    const lines = page.slice(page.indexOf(behind)).split('\n');
    const from = lines.findIndex((line) => line.startsWith('    '));
    const to = lines.findIndex((line, at) => at > from && !line.startsWith('    '));
    const text = lines
      .slice(from, to)
      .map((line) => line.slice(4))
      .join('\n');
    return text.replace(/(?<![\w.])\/(?=(?:etc|home|run|usr\/local|var)\/)/g, `${place.folder}/`);
  }

  /** Runs a shell's lines, which must succeed. */
  function shell(lines: string, input = ''): string {
    // TAMIS_CONFIG names the file that step 1 writes; a command must not read it before.
    const { TAMIS_CONFIG: file = '', ...rest } = env;
    const made = readdirSync(place.path('etc/tamis')).length > 0;
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-ec', lines], {
      input,
      env: made ? { ...rest, TAMIS_CONFIG: file } : rest,
      cwd: place.folder,
      encoding: 'latin1',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  function messages(...folder: string[]): string[] {
    const path = place.path('Maildir', ...folder, 'new');
    return readdirSync(path).map((name) => readFileSync(join(path, name), 'latin1'));
  }

  test('1. the configuration', () => {
    shell(block('**1. The configuration.**'));
    const toml = readFileSync(place.path('etc/tamis/tamis.toml'), 'utf8');
    expect(toml).toContain('# 2: TrainingMode toe\n#     trainingMode = "toe"\n');
    expect(toml).toContain('engine = "dspam"\n');
  });

  test('2. the data', () => {
    const [imported, user, ...stats] = shell(block('**2. The data**')).split('\n');
    expect(imported).toMatch(/^joe@example\.org: \d+ tokens imported, the store had 0 and has \d+/);
    expect(imported).toMatch(/1 signatures, 0 expired or without tokens; 1 preferences$/);
    expect(user).toBe('joe@example.org');
    expect(stats.join('\n')).toMatch(/^dspam spam learned +50$/m);
    expect(stats.join('\n')).toMatch(/^judge +dspam$/m);
    expect(stats.join('\n')).toMatch(/^tamis' own model learns beside DSPAM's engine; it takes over when/m);
  });

  test('2. a user who is left to DSPAM’s algorithms', () => {
    const stats = (): unknown => JSON.parse(shell('tamis stats --user joe@example.org --json'));
    shell('sed -i s/^engine.*/engine=\\"tamis\\"/ etc/tamis/tamis.toml');
    expect(stats()).toMatchObject({ judge: 'dspam', contest: { state: 'open', round: 1 } });
    shell(block('To leave a user'));
    expect(stats()).toMatchObject({ judge: 'tamis' });
    shell('sed -i s/^engine.*/engine=\\"dspam\\"/ etc/tamis/tamis.toml');
    expect(stats()).toMatchObject({ judge: 'dspam' });
    shell('tamis prefs unset takeOver --user joe@example.org');
  });

  test('3. the programs, and the daemon', async () => {
    shell(block('**3. The programs.**'));
    expect(shell('dspam --user joe@example.org --classify', advertisement('new'))).toMatch(
      /^X-DSPAM-Result: joe@example\.org; result="Spam"; class="Spam"; probability=1\.0000;/,
    );
    const serving = spawn('/bin/sh', ['-c', `exec ${block('Where lines say `dspamc`')}`], {
      env,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    daemon = serving;
    let said = '';
    for await (const piece of serving.stderr) {
      said += String(piece);
      if (said.includes('tamis: ready\n')) break;
    }
    expect(said).toContain('tamis: ready\n');
  });

  test('4. the old line of .qmail', () => {
    const line = block('**4. What stays as it is.**').replace(/^\|/, '');
    const spam = advertisement('qmail');
    const judged = shell(line, spam);
    expect(judged).toContain('\nX-DSPAM-Result: Spam\n');
    // The preference that came along.
    expect(judged).toContain('\nX-DSPAM-Factors: ');
    expect(judged.endsWith(spam.slice(spam.indexOf('\n\n')))).toBe(true);
    expect(shell(line, mail({ id: 'qmail' }))).toContain('\nX-DSPAM-Result: Innocent\n');
  });

  test('4. the old mailfilter', () => {
    const variables = Object.entries(env).map(([name, value]) => `${name}="${value ?? ''}"\n`);
    const file = place.path('mailfilter');
    writeFileSync(file, `${variables.join('')}${block('The mailfilter:')}\n`, { mode: 0o600 });
    for (const message of [advertisement('filed'), mail({ id: 'filed' })]) {
      const { status, stderr } = spawnSync(maildrop, [file], { input: message, env, cwd: place.folder });
      expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
    }
    expect(messages('.Spam')).toEqual([expect.stringContaining('\nX-DSPAM-Result: Spam\n')]);
    expect(messages()).toEqual([expect.stringContaining('\nX-DSPAM-Result: Innocent\n')]);
  });

  test('4. a correction by an old signature', () => {
    const learned = (): number => {
      const stats = JSON.parse(shell('tamis stats --user joe@example.org --json')) as Record<string, number>;
      return stats['dspamInnocentMisclassified'] ?? 0;
    };
    expect(learned()).toBe(0);
    shell(block('A correction by the signature'));
    expect(learned()).toBe(1);
  });

  test('5. upkeep', () => {
    expect(shell(block('**5. Upkeep**'))).toMatch(/old tokens of 1 users removed\n$/);
  });
});
