/** The command `tamis`: the filter by default, else one of the commands of cli/. Wiring only. */
import { runFilter } from './cli/filter.ts';
import { isCommand } from './cli/names.ts';

const argv = process.argv.slice(2);

async function run(): Promise<number> {
  if (!isCommand(argv)) return await runFilter(argv);
  // A file of its own beside this one in dist/, so that a message does not pay for the commands.
  const { runCommand } = (await import('./commands.js' as string)) as typeof import('./cli/main.ts');
  return await runCommand(argv);
}

void run().then((status) => process.exit(status));
