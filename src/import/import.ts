/** An import from beginning to end: checked whole, then written. */
import type { Config } from '../config/load.ts';
import { describe, TamisError } from '../errors.ts';
import type { Facts } from './fact.ts';
import { planOf, type Plan } from './plan.ts';
import type { Source } from './source.ts';
import { writePlan, type UserReport } from './write.ts';

/** What came of an import. */
export interface ImportReport {
  readonly form: string;
  readonly users: readonly UserReport[];
  /** Preferences of the site, as `name=value`: they belong into tamis.toml. */
  readonly sitePreferences: readonly string[];
  /** Numbers of users that the source has no name for, with how many rows each has; they were left out. */
  readonly nameless: Readonly<Record<string, number>>;
}

/** Shows how far the writing is. */
export interface Watch {
  begin(rows: number): void;
  step(rows: number): void;
  end(): void;
}

/**
 * Imports a source.
 *
 * @param user The user whom the source is of, if it does not tell; else the only one who is imported.
 * @throws TamisError INPUT before anything is written, if the source cannot be read to its end.
 */
export async function importSource(
  config: Config,
  source: Source,
  user: string | undefined,
  watch: Watch,
): Promise<ImportReport> {
  const plan = await planOf(config, source.facts(), user);
  if (plan.users.size === 0) throw nobody(user, plan);
  watch.begin([...plan.users.values()].reduce((sum, { rows }) => sum + rows, 0));
  try {
    const users = await writePlan(config, plan, readAgain(source), (rows) => {
      watch.step(rows);
    });
    const sitePreferences = [...plan.sitePreferences].map(([name, value]) => `${name}=${value}`);
    return { form: source.form, users, sitePreferences, nameless: Object.fromEntries(plan.nameless) };
  } finally {
    watch.end();
  }
}

/** A source that could be read to its end once. */
async function* readAgain(source: Source): Facts {
  try {
    yield* source.facts();
  } catch (cause) {
    const sentence =
      'The source could be read to its end, but not again: it changed meanwhile. What was written of it does not count yet; import it again.';
    throw new TamisError('INPUT', sentence, {
      cause: new Error(describe(cause).replace(/ Nothing was imported\.$/, '')),
    });
  }
}

function nobody(user: string | undefined, { nameless }: Plan): TamisError {
  if (user !== undefined)
    return new TamisError('INPUT', `The source has nothing of ${JSON.stringify(user)}.`);
  const numbers = [...nameless.keys()].slice(0, 5).join(', ');
  const sentence =
    numbers === ''
      ? 'The source has nothing of any user.'
      : `The source has no names for its users (${numbers}): it lacks dspam_virtual_uids, and they are no users of this machine. Name one with --user NAME, or dump that table too.`;
  return new TamisError('INPUT', sentence);
}
