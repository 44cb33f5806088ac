/**
 * The table of checks, in their order. Those that may need root come first; the last are done as the owner of the home, because
 * whoever opens a store leaves files there.
 */
import { actAsOwner } from '../config/load.ts';
import { describe, TamisError } from '../errors.ts';
import { access } from './access.ts';
import { clock } from './clock.ts';
import { daemon } from './daemon.ts';
import { disk } from './disk.ts';
import { quoted, type Finding } from './finding.ts';
import { home } from './home.ts';
import { limits } from './limits.ts';
import type { Check, Configured, Site } from './site.ts';
import { stores } from './stores.ts';

const ofAnySite: readonly Check<Site>[] = [configuration, access, limits];
const ofOneConfigured: readonly Check[] = [disk, home, clock, daemon];
const asOwner: readonly Check[] = [stores];

/** Does all checks. This process goes on as the owner of the home. */
export async function examine(site: Site): Promise<readonly Finding[]> {
  const { config } = site;
  const findings = await all(ofAnySite, site);
  if (config instanceof TamisError) return findings;
  const configured: Configured = { ...site, config };
  findings.push(...(await all(ofOneConfigured, configured)));
  // Whoever cannot read the program cannot look into a store with it.
  if (findings.some(({ code }) => code === 'PROGRAM_UNREADABLE')) return findings;
  actAsOwner(config.home);
  findings.push(...(await all(asOwner, configured)));
  return findings;
}

function* configuration({ config, configFile }: Site): Iterable<Finding> {
  if (!(config instanceof TamisError)) return;
  yield { code: 'CONFIG', sentence: describe(config), type: `vi ${quoted(configFile ?? '')}` };
}

async function all<Seen extends Site>(checks: readonly Check<Seen>[], site: Seen): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) for await (const finding of check(site)) findings.push(finding);
  return findings;
}
