/**
 * `dspam_admin list|aggregate preference USER`: the settings in force, by DSPAM's names of its preferences (captures 42, 43).
 *
 * Settings are the site's: no user has any of their own yet, so `list` is empty and `add`, `change` and `delete` are errors that name what can be done.
 * `aggregate` leaves out the preferences that are no settings here, rather than tell values that nothing heeds.
 */
import type { Settings } from '../../config/settings.ts';
import { TamisError } from '../../errors.ts';
import { configured, say, usage } from './words.ts';

/** DSPAM's preferences that are settings. */
const known: Readonly<Record<string, (settings: Settings) => string>> = {
  trainingMode: ({ trainingMode }) => trainingMode.toUpperCase(),
  statisticalSedation: ({ statisticalSedation }) => String(statisticalSedation),
  enableBNR: ({ enableBNR }) => flag(enableBNR),
  enableWhitelist: ({ enableWhitelist }) => flag(enableWhitelist),
  signatureLocation: ({ signatureLocation }) => signatureLocation,
  showFactors: ({ showFactors }) => flag(showFactors),
  whitelistThreshold: ({ whitelistThreshold }) => String(whitelistThreshold),
  processorBias: ({ processorBias }) => flag(processorBias),
};

const changes: readonly string[] = ['add', 'change', 'delete'];

/** The program. */
export function runAdmin(argv: readonly string[]): void {
  const { config, argv: rest } = configured(argv);
  const [action = '', what, user, attribute, value] = rest;
  if (what !== 'preference' || user === undefined || (changes.includes(action) && attribute === undefined))
    throw usage(
      'dspam_admin takes list|aggregate preference USER, or add|change|delete preference USER ATTR VALUE',
    );
  if (action === 'list') return;
  if (action === 'aggregate') {
    say(...Object.entries(known).map(([name, read]) => `${name}=${read(config.settings)}`));
    return;
  }
  if (!changes.includes(action)) throw usage(`there is no ${JSON.stringify(action)}`);
  throw new TamisError('CONFIG', sentenceOn(attribute ?? '', value ?? ''));
}

function sentenceOn(attribute: string, value: string): string {
  const name = Object.keys(known).find((one) => one.toLowerCase() === attribute.toLowerCase());
  return name === undefined
    ? `There is no setting for the preference ${attribute}.`
    : `Users have no preferences of their own yet; for all of them, write ${name} = ${JSON.stringify(value)} into tamis.toml.`;
}

function flag(on: boolean): string {
  return on ? 'on' : 'off';
}
