/** Short runs of what test/bench does for long: bad clients, and kills. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../cli/tamis.ts';

/** Milliseconds, on a machine that does other things as well. */
const patience = 300_000;

test.each([
  ['soak.ts', '1000', 'nothing lost, nothing mixed up'],
  ['kills.ts', '10', 'nothing lost, nothing damaged'],
])(
  '%s %s',
  (file, argument, well) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', join('test/bench', file), argument],
      { cwd: root, encoding: 'utf8', timeout: patience },
    );
    expect(`${stdout}${stderr}`).toContain(well);
    expect(status).toBe(0);
  },
  patience,
);
