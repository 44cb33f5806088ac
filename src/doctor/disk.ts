/** Whether there is space for what is learned, and for temporary files (a message on its way to a command is in one). */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { quoted, type Finding } from './finding.ts';
import type { Configured } from './site.ts';

const mebibyte = 2 ** 20;
/** Bytes that are little for any disk; and that are little if they are also less than {@link share} of it. */
const little = 64 * mebibyte;
const enough = 1024 * mebibyte;
const share = 0.05;
/** Bytes that a LevelDB may write at once: with less there is no space. */
const least = 4 * mebibyte;

/** The check. */
export function* disk({ config }: Configured): Iterable<Finding> {
  const told = new Set<string>();
  for (const directory of [config.home, tmpdir()]) {
    let space;
    try {
      space = statfsSync(directory);
    } catch {
      continue;
    }
    const { bsize, bavail, blocks, ffree, files } = space;
    const free = bavail * bsize;
    // One that counts no files (btrfs) says 0 of 0.
    const share_ = files > 0 ? Math.min(ffree / files, 1) : 1;
    const identity = `${blocks} ${bavail} ${files} ${ffree}`;
    if (told.has(identity)) continue;
    told.add(identity);
    const low = free < little || (free < enough && free < share * blocks * bsize) || share_ < share / 5;
    if (!low) continue;
    const full = free < least || (files > 0 && ffree === 0);
    const what = share_ < share / 5 ? `${ffree} files` : `${Math.floor(free / mebibyte)} MiB`;
    yield {
      code: full ? 'DISK_FULL' : 'DISK_LOW',
      sentence: `There is space for ${what} only where ${directory} is; ${full ? 'nothing can be learned, and' : 'when it is gone nothing is learned and'} mail passes unjudged or waits.`,
      type: `df -h ${quoted(directory)}; df -i ${quoted(directory)}; du -xh ${quoted(directory)} | sort -h | tail`,
    };
  }
}
