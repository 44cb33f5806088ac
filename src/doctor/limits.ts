/**
 * Limits of address space (RLIMIT_AS: `softlimit -m`, `ulimit -v`, Dovecot's vsz_limit, systemd's LimitAS) on what starts tamis.
 *
 * Node reserves much more than it uses and dies without it: the filter below 750 MB, the daemon below 3 GB with two workers,
 * and more with more (measured with Node 20). Under `softlimit -m` it does not even start, whatever the number, because that limits
 * the stack to the same number, and each thread reserves a whole stack. The limits of running processes are looked at, where Linux tells them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Finding } from './finding.ts';

/** Bytes below which the filter may not start, with something to spare. */
const needed = 1.5 * 2 ** 30;

/** Names of processes that start filters: those of qmail, Dovecot, Postfix, Exim, maildrop, procmail. */
const hosts: readonly string[] = [
  'qmail-send',
  'qmail-lspawn',
  'qmail-local',
  'dovecot',
  'lmtp',
  'master',
  'pipe',
  'local',
  'exim4',
  'exim',
  'maildrop',
  'procmail',
];

/** The check. */
export function* limits(): Iterable<Finding> {
  const said = new Set<string>();
  for (const pid of [String(process.pid), ...processes()]) {
    const own = pid === String(process.pid);
    const name = own ? 'tamis doctor' : nameOf(pid);
    if (name === undefined || said.has(name)) continue;
    const bytes = limitOf(pid, 'address space');
    const stack = limitOf(pid, 'stack size');
    if (bytes === Infinity || (name !== daemon && bytes >= needed && bytes > stack)) continue;
    said.add(name);
    const who = own ? 'This process itself' : `${name} (process ${pid}), and whatever it starts,`;
    yield {
      code: 'ADDRESS_SPACE',
      sentence: `${who} may use ${bytes} bytes of address space only, and Node needs more than it uses: take softlimit -m, ulimit -v, LimitAS or vsz_limit away where it is started.`,
      type: own
        ? 'ulimit -v unlimited # or leave out softlimit -m'
        : `prlimit --pid ${pid} --as=unlimited: --stack=8388608:`,
    };
  }
}

const daemon = 'tamis serve';

function processes(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** The name of a process that is of interest. */
function nameOf(pid: string): string | undefined {
  const words = read(`/proc/${pid}/cmdline`).split('\0');
  // A process that has ended, and that nobody has asked about yet.
  if (words.length < 2) return undefined;
  if (words.some((word) => /\/tamis(?:\.js)?$/.test(word)) && words.includes('serve')) return daemon;
  const name = read(`/proc/${pid}/comm`).trim();
  return hosts.includes(name) ? name : undefined;
}

/** A limit of a process; infinite if there is none, or if it does not say. */
function limitOf(pid: string, name: string): number {
  const line = read(`/proc/${pid}/limits`)
    .split('\n')
    .find((one) => one.startsWith(`Max ${name} `));
  return Number.parseInt(line?.slice(`Max ${name} `.length) ?? '', 10) || Infinity;
}

/** Nothing for a process that has ended, or whose limits are not for us. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
