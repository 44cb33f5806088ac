/** Runs tamis under the name of one of DSPAM's programs (names.ts). Their errors are told in one line on stderr, and the status is 1. */
import { describe } from '../../errors.ts';
import { runAdmin } from './admin.ts';
import { runClean } from './clean.ts';
import { runCrc } from './crc.ts';
import { runDspam } from './dspam.ts';
import { runDump } from './dump.ts';
import { runMerge } from './merge.ts';
import type { DspamName } from './names.ts';
import { runStats } from './stats.ts';
import { runTrain } from './train.ts';

/** Does the work; throws TamisError. */
type Program = (argv: readonly string[]) => Promise<void> | void;

const programs: Readonly<Record<DspamName, Program>> = {
  dspam: runDspam,
  dspamc: runDspam,
  dspam_train: runTrain,
  dspam_stats: runStats,
  dspam_clean: runClean,
  dspam_dump: runDump,
  dspam_merge: runMerge,
  dspam_crc: runCrc,
  dspam_admin: runAdmin,
};

/** Runs a program; resolves to the exit status. */
export async function runCompat(name: DspamName, argv: readonly string[]): Promise<number> {
  try {
    await programs[name](argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    process.stderr.write(`${name}: ${describe(error)}\n`);
    return 1;
  }
}
