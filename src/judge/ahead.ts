/**
 * A memory of which all that a lesson will ask for is asked at once, which over a network is one round trip: which engine judges the user must be
 * known before the lesson begins.
 *
 * The answers hold until something is applied; who begins again because others have learned meanwhile asks the store.
 */
import type { AnyMemory } from './members.ts';
import type { Reading } from './reading.ts';

/** A user's memory with what it will be asked about a message. */
export function askedAhead(
  memory: AnyMemory,
  { features, fingerprint }: Pick<Reading, 'features' | 'fingerprint'>,
): AnyMemory {
  const { keys } = features;
  let known: Answers | undefined = {
    totals: quiet(memory.totals()),
    values: quiet(memory.readFeatures(keys)),
    note: quiet(memory.note('learned', fingerprint)),
  };
  return {
    totals: () => known?.totals ?? memory.totals(),
    readFeatures: (asked) =>
      known !== undefined && asked === keys ? known.values : memory.readFeatures(asked),
    note: (space, key, now) => {
      const isAsked = space === 'learned' && Buffer.compare(key, fingerprint) === 0;
      return known !== undefined && isAsked ? known.note : memory.note(space, key, now);
    },
    readTokens: (asked) => memory.readTokens(asked),
    dspamSignature: async (id) => await memory.dspamSignature?.(id),
    apply: (...change) => {
      known = undefined;
      return memory.apply(...change);
    },
  };
}

/** What was asked. */
interface Answers {
  readonly totals: ReturnType<AnyMemory['totals']>;
  readonly values: ReturnType<AnyMemory['readFeatures']>;
  readonly note: ReturnType<AnyMemory['note']>;
}

/** Nobody may ask for an answer: then nobody hears of its error, either. */
function quiet<Answer>(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => undefined);
  return answer;
}
