/** Learning where other hosts learn for the same user: what two tell of one message at the same time counts once. */
import { systemCode } from '../errors.ts';

/** More hosts than that do not learn one message at the same time. */
const tries = 5;

/** Does work that relies on what it read, and does it again from the beginning if somebody has changed that meanwhile. */
export async function whileOthersLearn<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let left = tries; ; left--) {
    try {
      return await work();
    } catch (error) {
      // The backends are files of their own, with errors of their own class.
      if (systemCode(error) !== 'STORE_CHANGED' || left <= 1) throw error;
    }
  }
}
