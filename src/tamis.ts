/** The command `tamis`: the filter by default, else one of the commands of cli/. Wiring only. */
import { commandNames } from './cli/names.ts';
import { runFilter } from './cli/filter.ts';

const argv = process.argv.slice(2);
const first = argv[0];
const asked =
  first === undefined || commandNames.includes(first) || ['--help', '-h', '--version'].includes(first);
const run = asked ? (await import('./cli/main.ts')).runCommand : runFilter;
process.exit(await run(argv));
