/** Whether a clock has jumped: files of the home that are dated in the future were written while it was ahead, or it is behind now. */
import { lstatSync } from 'node:fs';
import { filesOf } from './files.ts';
import { quoted, type Finding } from './finding.ts';
import type { Configured } from './site.ts';

/** Milliseconds by which two hosts that share a disk may differ. */
const tolerance = 5 * 60_000;

/** The check. */
export async function* clock({ config }: Configured): AsyncIterable<Finding> {
  for await (const file of filesOf(config.home)) {
    const at = lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (at < Date.now() + tolerance) continue;
    const then = new Date(at).toISOString();
    yield {
      code: 'CLOCK',
      sentence: `${file} is dated ${then}, and it is ${new Date().toISOString()}: the clock was ahead then, or is behind now; signatures live longer or shorter than they should.`,
      type: `timedatectl set-ntp true; date # and if that is right: find ${quoted(config.home)} -newermt now -exec touch -h {} +`,
    };
    return;
  }
}
