/** Builds dist/ once before all tests, so that end-to-end tests run what a user runs. */
import { execFileSync } from 'node:child_process';

/** Runs before the first test. */
export default function setup(): void {
  execFileSync(process.execPath, ['src/build.js'], { stdio: 'inherit' });
}
