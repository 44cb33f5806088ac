import { expect, test } from 'vitest';
import { learn } from '../../src/classifier/classifier.ts';
import { evidenceOf } from '../../src/classifier/evidence.ts';
import { explain } from '../../src/classifier/explanation.ts';
import { featuresOf } from '../../src/features/features.ts';
import { sample } from '../features/sample.ts';

test('an explanation names what has been learned, strongest first', () => {
  const windows = sample({ From: 'winner@example.com', Subject: 'Cheap watches' }, 'Order cheap watches now');
  const features = featuresOf(windows);
  const evidence = evidenceOf(features, new Int32Array(2 * features.keys.length), { spam: 4, innocent: 4 });
  expect(explain(windows, evidence).reasons).toEqual([]);
  learn(evidence, { spam: true, belief: 1, correction: false });
  const { reasons } = explain(windows, evidence);
  expect(reasons.every(({ weight }) => weight > 0)).toBe(true);
  const names = reasons.map(({ kind, name }) => `${kind} ${name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining(['header Subject', 'text watches', 'pair cheap watches', 'fact has: subject']),
  );
  const weights = reasons.map(({ weight }) => weight);
  expect(weights).toEqual(weights.toSorted((one, other) => other - one));
});
