/**
 * Where the .qmail files of a vpopmail domain are.
 *
 * vdominfo knows, also for domains in hashed folders and for aliases of domains; where it is not there, users/assign of qmail, from
 * which qmail-lspawn itself takes the directory (qmail-users(5): `+DOMAIN-:REAL-DOMAIN:UID:GID:DIRECTORY:-::`).
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { TamisError } from '../errors.ts';

/**
 * The directory of a domain.
 *
 * @throws TamisError USAGE for a name that is none of a domain, INPUT if the domain is not found.
 */
export function domainDirectory(domain: string, env: NodeJS.ProcessEnv = process.env): string {
  if (!/^\w(?:[\w.-]{0,252}\w)?$/.test(domain)) {
    throw new TamisError(
      'USAGE',
      `Wrong command line: ${JSON.stringify(domain)} is not the name of a domain.`,
    );
  }
  const found = byVdominfo(domain, env) ?? byAssign(domain);
  if (found !== undefined) return found;
  const sentence = `The domain ${domain} is known neither to vdominfo nor to ${assignFile}; name its directory instead.`;
  throw new TamisError('INPUT', sentence);
}

const vdominfo = 'vdominfo';
const assignFile = '/var/qmail/users/assign';

function byVdominfo(domain: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = [env['PATH'] ?? '', join(homeOfVpopmail(), 'bin')];
  const { status, stdout } = spawnSync(vdominfo, ['-d', domain], {
    env: { ...env, PATH: folders.join(':') },
    encoding: 'utf8',
  });
  const line = status === 0 ? (stdout.split('\n')[0] ?? '').trim() : '';
  return isAbsolute(line) ? line : undefined;
}

function homeOfVpopmail(): string {
  const account = linesOf('/etc/passwd').find((line) => line.startsWith('vpopmail:'));
  return account?.split(':')[5] ?? '/home/vpopmail';
}

function byAssign(domain: string): string | undefined {
  const line = linesOf(assignFile).find((one) => one.startsWith(`+${domain.toLowerCase()}-:`));
  return line?.split(':')[4];
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
