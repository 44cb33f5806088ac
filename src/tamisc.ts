#!/usr/bin/env node
/** The command `tamisc`: the filter, judged by the daemon. Wiring only. */
import { runClient } from './cli/client.ts';

void runClient(process.argv.slice(2)).then((status) => process.exit(status));
