/** Why a message was judged as it was: every learner's part, and the features that made it, in words. */
import { namesOf, type Kind } from '../features/names.ts';
import type { Windows } from '../features/windows.ts';
import { weightsOf } from './classifier.ts';
import type { Evidence } from './evidence.ts';

/** One reason: all features of one kind and name together. */
export interface Reason {
  readonly kind: Kind;
  readonly name: string;
  /** Log odds of spam that it adds, before the learner's bound; negative: it argues for innocent. */
  readonly weight: number;
}

/** The parts of a score. */
export interface Explanation {
  /** Strongest first. */
  readonly reasons: readonly Reason[];
}

/** Names the reasons of a judgement. */
export function explain(windows: Windows, evidence: Evidence): Explanation {
  const names = namesOf(windows);
  const weights = weightsOf(evidence);
  const sums = new Map<string, Reason>();
  for (let i = 0; i < evidence.keys.length; i++) {
    const weight = weights[i] ?? 0;
    const feature = names.get(evidence.keys[i] ?? 0);
    if (weight === 0 || feature === undefined) continue;
    const id = `${feature.kind} ${feature.name}`;
    sums.set(id, { ...feature, weight: (sums.get(id)?.weight ?? 0) + weight });
  }
  const reasons = [...sums.values()].sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
  return { reasons };
}
