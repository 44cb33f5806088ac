/** Readings and memories for tests. */
import { randomBytes } from 'node:crypto';
import { readMessage, type FullReading } from '../../src/judge/reading.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Totals, UserStore } from '../../src/store/contract.ts';
import { advertisement, mail } from '../cli/mail.ts';

/** A message, read. */
export async function reading(spam: boolean, id: string): Promise<FullReading> {
  return await readMessage(Buffer.from(spam ? advertisement(id) : mail({ id }), 'latin1'));
}

/** A user who has taught nothing. */
export async function newUser(): Promise<UserStore> {
  const user = await new MemoryStore().open('joe', { create: true });
  if (user === undefined) throw new Error('joe was not created');
  return user;
}

/** All that is known of a user but notes; features as `a b` by key. */
export async function knownOf(user: UserStore): Promise<{ totals: Totals; features: Map<number, string> }> {
  const features = new Map<number, string>();
  for await (const { keys, values } of user.features()) {
    for (const [i, key] of keys.entries())
      features.set(key, `${values[2 * i] ?? 0} ${values[2 * i + 1] ?? 0}`);
  }
  return { totals: { ...(await user.totals()) }, features };
}

/** Bytes as a fingerprint has them. */
export function randomFingerprint(): Uint8Array {
  return new Uint8Array(randomBytes(16));
}
