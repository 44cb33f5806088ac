/**
 * How a user's data is come by where groups have a say (groups.ts): the shared group's in the place of the user's, or a merged group's under it.
 *
 * A group's data is opened before that of a member, and never a member's before a group's, so that no two wait for each other.
 */
import type { Config } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { OpenOptions } from '../store/contract.ts';
import type { TokenMemory } from './dspam-filter.ts';
import { membershipOf, type Membership } from './groups.ts';
import { preferencesOf, settingsFor } from './preferences.ts';
import type { Memory } from './userfilter.ts';
import { blankMemory, userName, withUser } from './users.ts';

/** All that an engine needs of a user. */
export type AnyMemory = Memory & TokenMemory;

/** Does work with a user's memory, in the form of withUser (users.ts). */
export type Users = <Result>(
  config: Config,
  given: string,
  options: OpenOptions,
  work: (memory: AnyMemory | undefined) => Promise<Result>,
) => Promise<Result>;

/** A user as mail is judged for them. */
export interface Member {
  readonly name: string;
  /** The user's own settings. */
  readonly settings: Settings;
  /** What is known, the group's data included. */
  readonly memory: AnyMemory;
  /** Whether there is a user to learn for. */
  readonly known: boolean;
  readonly membership: Membership;
}

/** Counters that say how much was learned: those of a merged group count for its members. */
const learned = [
  'spamLearned',
  'innocentLearned',
  'spamTrained',
  'innocentTrained',
  'dspamSpamLearned',
  'dspamInnocentLearned',
  'dspamSpamClassified',
  'dspamInnocentClassified',
] as const;

/** Who is in no group. */
export function alone(owner: string): Membership {
  return { owner, managed: false, merged: undefined, inoculated: [], asked: [], global: [] };
}

/** Does work for a user. */
export async function withMember<Result>(
  {
    user,
    config,
    users = withUser,
  }: { readonly user: string; readonly config: Config; readonly users?: Users },
  options: OpenOptions,
  work: (member: Member) => Promise<Result>,
): Promise<Result> {
  const name = userName(user, config);
  const { membership, settings } = await standing(name, config, users, options);
  const { owner, merged } = membership;
  const run = async (own: AnyMemory | undefined, base: AnyMemory | undefined): Promise<Result> => {
    const inForce = settings ?? settingsFor(config, await preferencesOf(own));
    const memory = own ?? blankMemory;
    return await work({
      name,
      settings: inForce,
      memory: base === undefined ? memory : overBase(memory, base),
      known: own !== undefined,
      membership,
    });
  };
  if (merged === undefined)
    return await users(config, owner, options, async (own) => await run(own, undefined));
  return await users(config, merged, { ...options, create: false }, async (base) => {
    return await users(config, owner, options, async (own) => await run(own, base));
  });
}

/** A user's groups, and the settings if they had to be read first: a member of a shared group has them under the own name. */
async function standing(
  name: string,
  config: Config,
  users: Users,
  options: OpenOptions,
): Promise<{ membership: Membership; settings: Settings | undefined }> {
  const membership = membershipOf(config, name);
  const grouped =
    membership.owner !== name ||
    membership.merged !== undefined ||
    membership.asked.length > 0 ||
    membership.global.length > 0 ||
    membership.inoculated.length > 0;
  if (!grouped) return { membership, settings: undefined };
  const preferences = await users(
    config,
    name,
    { ...options, create: false },
    async (own) => await preferencesOf(own),
  );
  const settings = settingsFor(config, preferences);
  return { membership: settings.ignoreGroups ? alone(name) : membership, settings };
}

/** Records are sums, so the group's and the member's add up; what is learned is the member's. */
function overBase(own: AnyMemory, base: AnyMemory): AnyMemory {
  const sum = (one: Int32Array, other: Int32Array): Int32Array =>
    one.map((value, at) => value + (other[at] ?? 0));
  return {
    readFeatures: async (keys) => sum(await own.readFeatures(keys), await base.readFeatures(keys)),
    readTokens: async (keys) => sum(await own.readTokens(keys), await base.readTokens(keys)),
    totals: async () => {
      const totals = { ...(await own.totals()) };
      const below = await base.totals();
      for (const name of learned) totals[name] += below[name];
      return totals;
    },
    note: (...question) => own.note(...question),
    dspamSignature: async (id) => await own.dspamSignature?.(id),
    apply: (...change) => own.apply(...change),
  };
}
