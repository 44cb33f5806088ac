/**
 * `tamis doctor`: looks for what costs hours, and says what to type. Exit status 0 if nothing is wrong, 1 if something is.
 *
 * It looks with the eyes of who delivers (`--as`), which takes root; by default that is the owner of the home.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { configFileOf, loadConfig, type Config } from '../config/load.ts';
import { usualSockets } from '../config/sockets.ts';
import { examine } from '../doctor/checks.ts';
import { ourselves, ownerOf, personOf, type Person } from '../doctor/person.ts';
import type { Protocol, Site } from '../doctor/site.ts';
import { TamisError } from '../errors.ts';
import { jsonOption, print, type Command, type CommonArguments } from './command.ts';

interface DoctorArguments extends CommonArguments {
  as: string | undefined;
  socket: string | undefined;
  spamd: string | undefined;
  lmtp: string | undefined;
  json: boolean;
}

/** The command. */
export const doctorCommand: Command<DoctorArguments> = {
  command: 'doctor',
  describe: 'Look for what is wrong with the installation, and say what to type; exit 1 if something is.',
  builder: (yargs) =>
    jsonOption(yargs)
      .option('as', {
        type: 'string',
        requiresArg: true,
        describe:
          'Who delivers, USER or USER:GROUP, such as vpopmail:vchkpw (default: the owner of the home).',
      })
      .option('socket', {
        type: 'string',
        requiresArg: true,
        describe: 'Where tamis serve --socket listens.',
      })
      .option('spamd', { type: 'string', requiresArg: true, describe: 'Where tamis serve --spamd listens.' })
      .option('lmtp', { type: 'string', requiresArg: true, describe: 'Where tamis serve --lmtp listens.' }),
  handler: async ({ as, json, ...options }) => {
    const findings = await examine(siteOf(as, options));
    print(json, findings, () =>
      findings.length === 0
        ? ['Nothing is wrong.']
        : findings.flatMap(({ code, sentence, type }) => [`${code}: ${sentence}`, `    ${type}`]),
    );
    if (findings.length > 0) process.exitCode = 1;
  },
};

function siteOf(as: string | undefined, options: Omit<DoctorArguments, 'as' | 'json'>): Site {
  const config = configOrError(options);
  const given = Object.entries(usualSockets).flatMap(([protocol, path]) => {
    const named =
      options[protocol as Protocol] ?? (protocol === 'socket' ? process.env['TAMIS_SOCKET'] : undefined);
    const socket = named ?? (existsSync(path) ? path : undefined);
    return socket === undefined ? [] : [[protocol, socket] as const];
  });
  return {
    version: manifest.version,
    program: [process.execPath, resolve(process.argv[1] ?? '')],
    configFile: configFileOf(options),
    config,
    person: as === undefined ? usualPerson(config) : personOf(as),
    sockets: Object.fromEntries(given),
  };
}

function configOrError(options: CommonArguments): Config | TamisError {
  try {
    return loadConfig(options);
  } catch (error) {
    if (error instanceof TamisError && error.code === 'CONFIG') return error;
    throw error;
  }
}

/** Whose eyes are at hand: those of the owner of the home, if they are ours or we are root. */
function usualPerson(config: Config | TamisError): Person {
  const us = ourselves();
  const owner = config instanceof TamisError ? undefined : ownerOf(config.home);
  return owner !== undefined && us.uid === 0 ? owner : us;
}
