/** A rule checked by its host's own parser: sievec, or maildrop itself, which reads a whole mailfilter before it runs a line of it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TamisError } from '../errors.ts';
import { usage } from '../rules/options.ts';

/** Writes what it needs into a folder of its own, and says what to run there. */
type Parser = (folder: string, text: Uint8Array) => readonly [program: string, ...args: string[]];

const parsers: Readonly<Record<string, Parser>> = { maildrop, sieve, imapsieve: sieve };

/**
 * Checks the text of a file with a rule in it.
 *
 * @throws TamisError USAGE if the host has no parser to check with, INPUT with what the parser says, CONFIG if it is not installed.
 */
export function checkRule(host: string, text: Uint8Array): void {
  const parser = Object.hasOwn(parsers, host) ? parsers[host] : undefined;
  if (parser === undefined)
    throw usage(`--check has sievec and maildrop to check with, and nothing for ${host}`);
  const folder = mkdtempSync(join(tmpdir(), 'tamis-check-'));
  try {
    const [program, ...args] = parser(folder, text);
    const path = `${process.env['PATH'] ?? ''}:/usr/local/bin:/usr/bin:/bin`;
    const { error, status, stderr } = spawnSync(program, args, {
      input: 'Subject: check\n\n',
      encoding: 'utf8',
      env: { PATH: path },
    });
    if (error !== undefined) {
      throw new TamisError(
        'CONFIG',
        `${program} is not there to check the rule with; install it or leave out --check.`,
        { cause: error },
      );
    }
    if (status !== 0)
      throw new TamisError(
        'INPUT',
        `${program} does not accept the rule: ${stderr.replaceAll(`${folder}/`, '')}`,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first lines end the run before the file's own are run; they stand in one line, so that line numbers stay nearly right. */
function maildrop(folder: string, text: Uint8Array): readonly [string, ...string[]] {
  const file = join(folder, 'mailfilter');
  writeFileSync(file, Buffer.concat([Buffer.from('EXITCODE=0\nexit\n'), text]), { mode: 0o600 });
  return ['maildrop', file];
}

function sieve(folder: string, text: Uint8Array): readonly [string, ...string[]] {
  const file = join(folder, 'tamis.sieve');
  const settings = join(folder, 'dovecot.conf');
  writeFileSync(file, text);
  writeFileSync(
    settings,
    `base_dir = ${folder}
log_path = /dev/stderr
ssl = no
protocols =
mail_location = maildir:${folder}
plugin {
  sieve_plugins = sieve_imapsieve sieve_extprograms
  sieve_global_extensions = +vnd.dovecot.filter +vnd.dovecot.pipe +vnd.dovecot.environment +editheader +imapsieve
}
`,
  );
  return ['sievec', '-c', settings, file, join(folder, 'tamis.svbin')];
}
