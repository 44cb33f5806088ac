/**
 * `dspam_merge USER… -o DEST`: adds what users learned with DSPAM's engine to what DEST knows: hits of tokens, and the totals of what was learned.
 *
 * It is applied in pieces, so a run that is killed has added a part: begin again with another DEST then. Signatures stay with their users. tamis' own
 * model is not merged: it keeps which messages it learned, not how to add two of them.
 */
import { withKnownUser, withUser } from '../../judge/users.ts';
import type { UserStore } from '../../store/contract.ts';
import { patience } from '../command.ts';
import { configured, say, usage } from './words.ts';

/** The program. */
export async function runMerge(argv: readonly string[]): Promise<void> {
  const { config, argv: rest } = configured(argv);
  const at = rest.indexOf('-o');
  const dest = at < 0 ? undefined : rest[at + 1];
  const users = rest.filter((_, place) => at < 0 || (place !== at && place !== at + 1));
  if (dest === undefined || users.length === 0 || [dest, ...users].some((word) => word.startsWith('-')))
    throw usage('dspam_merge takes USER… -o DEST');
  if (users.includes(dest)) throw usage('DEST is one of the users, and would be added to itself');
  await withUser(config, dest, { create: true, wait: patience }, async (store) => {
    if (store === undefined) return;
    for (const user of users) {
      const tokens = await withKnownUser(config, user, patience, (from) => merge(from, store));
      say(`${user}: ${tokens} tokens added to ${dest}`);
    }
  });
}

async function merge(from: UserStore, to: UserStore): Promise<number> {
  const { dspamSpamLearned, dspamInnocentLearned } = await from.totals();
  let count = 0;
  for await (const tokens of from.tokens()) {
    await to.apply({ tokens });
    count += tokens.keys.length;
  }
  await to.apply({ totals: { dspamSpamLearned, dspamInnocentLearned } }, { durable: true });
  return count;
}
