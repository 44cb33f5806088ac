/** What tests look at of a source. */
import { expect } from 'vitest';
import type { Fact } from '../../src/import/fact.ts';
import { openSource } from '../../src/import/source.ts';
import { day, joe, signatureData } from './site.ts';

/** All that a source tells. */
export async function factsOf(source: string, named = false): Promise<Fact[]> {
  const all: Fact[] = [];
  for await (const chunk of openSource(source, named).facts()) all.push(...chunk);
  return all;
}

/** What the error says of a source that must be refused. */
export async function refusalOf(source: string): Promise<string> {
  const error: unknown = await factsOf(source).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'INPUT' });
  return error instanceof Error ? error.message : '';
}

/** The tokens in the order of their keys, without what the formats tell differently. */
export function tokensOf(facts: readonly Fact[]): unknown[] {
  return facts
    .filter((fact) => fact.kind === 'token')
    .sort((one, other) => (one.token < other.token ? -1 : 1))
    .map(({ token, spam, innocent }) => [token, spam, innocent]);
}

const wanted = [...joe.tokens].sort(([one], [other]) => (one < other ? -1 : 1)).map((token) => [...token]);

/** Tokens and totals are joe's. */
export function check(facts: readonly Fact[]): void {
  expect(tokensOf(facts)).toEqual(wanted);
  const totals = facts.filter((fact) => fact.kind === 'totals').map((fact) => fact.totals);
  expect(totals).toEqual([joe.totals]);
}

/** The signature is joe's, as the SQL drivers keep it. */
export function checkSigned(facts: readonly Fact[]): void {
  const [signature] = facts.filter((fact) => fact.kind === 'signature');
  expect(signature).toMatchObject({ id: '3,6b0360fc154471170017774', day });
  expect(Buffer.from(signature?.data ?? [])).toEqual(signatureData(joe.signatures[0]?.tokens ?? [], true));
}
