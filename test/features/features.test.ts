import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { featuresOf, wordsOf, type Features } from '../../src/features/features.ts';
import { distinct, factKey, gramBases, mix, pairKey, senderKey } from '../../src/features/keys.ts';
import { namesOf } from '../../src/features/names.ts';
import type { Windows } from '../../src/features/windows.ts';
import { anyWindows, sample } from './sample.ts';

/** The kinds of features. */
type Kind = Exclude<keyof Features, 'keys' | 'fieldPairs' | 'madeFacts'>;

/** The ranges that keys.ts promises, in units of 2^32. */
const ranges: Record<Kind, readonly [number, number]> = {
  header: [1, 3],
  text: [3, 4],
  aside: [3, 4],
  facts: [4, 5],
  sender: [5, 6],
  pairs: [128, 256],
};

const all = ({ header, facts, text, aside, sender, pairs }: Features): number[] => [
  ...header,
  ...facts,
  ...text,
  ...aside,
  ...sender,
  ...pairs,
];
const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('keys', () => {
  test('of each kind keep to their range, are distinct', () => {
    fc.assert(
      fc.property(anyWindows, (windows) => {
        const features = featuresOf(windows);
        expect([...features.keys]).toEqual(all(features));
        for (const [kind, [from, to]] of Object.entries(ranges) as [Kind, [number, number]][]) {
          expect(new Set(features[kind]).size).toBe(features[kind].length);
          for (const key of features[kind]) {
            if (!Number.isInteger(key) || key < from * 2 ** 32 || key >= to * 2 ** 32)
              throw new Error(`${kind}: ${key}`);
          }
        }
      }),
    );
  });

  test('of a pair tell its order', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (one, other) => {
        const key = pairKey(mix(one), mix(other));
        expect(key === pairKey(mix(other), mix(one))).toBe(one === other);
      }),
    );
  });

  test('of grams are the grams themselves', () => {
    const { header, text } = featuresOf({
      ...empty,
      sender: bytes('AbcdA'),
      route: bytes('bcdA'),
      end: bytes('\xff'),
    });
    const gram = (word: string): number => Buffer.from(word).readUInt32BE();
    expect([...header]).toEqual([
      gramBases.sender + gram('Abcd'),
      gramBases.sender + gram('bcdA'),
      gramBases.route + gram('bcdA'),
    ]);
    expect([...text]).toEqual([]);
  });

  test('are made distinct as a set does it', () => {
    const key = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 2 ** 40 - 1 }));
    fc.assert(
      fc.property(fc.array(key, { maxLength: 300 }), (values) => {
        const { keys, ends } = distinct(Float64Array.from(values), [values.length]);
        expect([...keys]).toEqual([...new Set(values)]);
        expect(ends).toEqual([keys.length]);
      }),
    );
  });

  test('of a group are those that no group before it has', () => {
    const values = Float64Array.of(1, 2, 1, 2, 3, 3, 4, 9);
    const { keys, ends } = distinct(values, [3, 3, 7]);
    expect([...keys]).toEqual([1, 2, 3, 4]);
    expect(ends).toEqual([2, 2, 4]);
  });

  test('of the text follow those of the fields, the beginning before the end', () => {
    const { text, pairs, fieldPairs } = featuresOf({
      ...empty,
      sender: bytes('To: joe'),
      start: bytes('abcd ef'),
      end: bytes('abcd ef gh'),
    });
    const start = featuresOf({ ...empty, start: bytes('abcd ef') });
    expect([...text.subarray(0, 4)]).toEqual([...start.text]);
    expect(text).toHaveLength(7);
    expect([fieldPairs, pairs.length]).toEqual([1, 3]);
  });
});

describe('facts', () => {
  test('of the text are apart from those of fields and parts', () => {
    const { facts, madeFacts } = featuresOf({
      ...empty,
      facts: bytes('to: joe\nzone: +0000\n\nlinks: 2\nto: joe'),
    });
    expect([...facts]).toEqual(['to: joe', 'zone: +0000', 'links: 2'].map((fact) => factKey(bytes(fact))));
    expect(madeFacts).toBe(2);
    const { madeFacts: made, facts: known } = featuresOf(
      sample({ From: 'joe@example.org' }, 'See http://example.net/'),
    );
    const said = [...known].slice(made);
    expect(said).toContain(factKey(bytes('link site: example.net')));
    expect(said).not.toContain(factKey(bytes('from: joe@example.org')));
  });
});

const empty: Windows = {
  sender: new Uint8Array(),
  route: new Uint8Array(),
  start: new Uint8Array(),
  end: new Uint8Array(),
  aside: new Uint8Array(),
  facts: new Uint8Array(),
};

describe('the sender', () => {
  test('is the domain that somebody registered, whatever the host and the person', () => {
    const sender = (from: string): number[] => [...featuresOf(sample({ From: from }, 'Hello')).sender];
    expect(sender('Joe <joe@example.org>')).toEqual([senderKey(bytes('example.org'))]);
    expect(sender('kim@mail.Example.ORG')).toEqual(sender('joe@example.org'));
    expect(sender('joe@example.net')).not.toEqual(sender('joe@example.org'));
  });

  test('is nobody where no address says one, or only the text does', () => {
    for (const from of ['', 'Joe', 'joe@'])
      expect(featuresOf(sample({ From: from }, 'Hello')).sender).toHaveLength(0);
    const said = featuresOf({ ...empty, facts: bytes('to: joe\n\nfrom domain: example.org') });
    expect(said.sender).toHaveLength(0);
  });
});

describe('words', () => {
  test('are runs of bytes above 32', () => {
    expect([...wordsOf(bytes(' a\tb\r\n\0a  '))]).toEqual([...wordsOf(bytes('a b a'))]);
    expect(wordsOf(bytes('a b a'))[0]).toBe(wordsOf(bytes('a b a'))[2]);
    expect(wordsOf(bytes(' \n\t'))).toHaveLength(0);
  });

  test('are told apart by their first 40 bytes', () => {
    const [long, longer, other] = wordsOf(bytes(`${'a'.repeat(40)} ${'a'.repeat(41)} ${'a'.repeat(39)}b`));
    expect(long).toBe(longer);
    expect(long).not.toBe(other);
  });

  test('a single word is no pair, and a pair does not reach from one window into the next', () => {
    expect(featuresOf({ ...empty, sender: bytes('one'), start: bytes('two') }).pairs).toHaveLength(0);
    expect(featuresOf({ ...empty, start: bytes('one two one two') }).pairs).toHaveLength(2);
  });
});

test('every feature has a name, of its kind', () => {
  const kinds: Record<Kind, string> = {
    header: 'header',
    facts: 'fact',
    text: 'text',
    aside: 'text',
    sender: 'sender',
    pairs: 'pair',
  };
  fc.assert(
    fc.property(anyWindows, (windows) => {
      const names = namesOf(windows);
      const features = featuresOf(windows);
      for (const [part, kind] of Object.entries(kinds) as [Kind, string][]) {
        for (const key of features[part]) {
          if (names.get(key)?.kind !== kind) throw new Error(`${key} is no ${kind}`);
        }
      }
      expect(names.size).toBe(features.keys.length);
    }),
  );
});

test('names are what a person would say', () => {
  const windows = sample({ Subject: 'Cheap watches', From: 'kim@example.org' }, 'Buy now, buy cheap');
  const names = namesOf(windows);
  const named = (key: number): string => `${names.get(key)?.kind ?? ''} ${names.get(key)?.name ?? ''}`;
  const { header, text, pairs } = featuresOf(windows);
  expect(new Set([...header].map(named))).toEqual(new Set(['header Subject', 'header From']));
  expect(new Set([...text].map(named))).toEqual(new Set(['text Buy', 'text now,', 'text buy', 'text cheap']));
  expect([...pairs].map(named)).toContain('pair Cheap watches');
  expect([...pairs].map(named)).toContain('pair Buy now,');
  expect(named(factKey(bytes('has: subject')))).toBe('fact has: subject');
});
