import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { featuresOf, wordsOf, type Features } from '../../src/features/features.ts';
import { distinct, factKey, gramBases, mix, pairKey, senderKey } from '../../src/features/keys.ts';
import { namesOf } from '../../src/features/names.ts';
import { limits, packWindows, unpackWindows, windowsOf, type Windows } from '../../src/features/windows.ts';
import { anyWindows, contentOf, facts, sample } from './sample.ts';

/** The ranges that keys.ts promises, in units of 2^32. */
/** The kinds of features. */
type Kind = Exclude<keyof Features, 'fieldPairs' | 'madeFacts'>;

const ranges: Record<Kind, readonly [number, number]> = {
  header: [1, 3],
  text: [3, 4],
  facts: [4, 5],
  sender: [5, 6],
  pairs: [128, 256],
};

const all = ({ header, facts, text, sender, pairs }: Features): number[] => [
  ...header,
  ...facts,
  ...text,
  ...sender,
  ...pairs,
];
const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('keys', () => {
  test('of each kind keep to their range, are distinct', () => {
    fc.assert(
      fc.property(anyWindows, (windows) => {
        const features = featuresOf(windows);
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

describe('fields that nobody looks at', () => {
  const shown = { From: 'Joe <joe@example.org>', Subject: 'Lunch', 'X-Mailer': 'Mutt' };
  const seals = { 'ARC-Seal': `i=1; b=${'aB3+'.repeat(1000)}`, 'X-Note': `cheap ${'watches '.repeat(500)}` };

  test('push none out that somebody does, and are not read letter by letter', () => {
    const windows = sample({ ...seals, ...shown }, 'Hello');
    expect(windows.sender).toEqual(sample(shown, 'Hello').sender);
    expect(Buffer.from(windows.sender).toString()).toBe(
      'From: Joe <joe@example.org>\nSubject: Lunch\nX-Mailer: Mutt\n',
    );
  });

  test('say that they are there, their first word, and nothing of the order of the others', () => {
    const known = facts({ ...shown, ...seals, 'X-Spam-Flag': 'YES', 'X-Id': 'a'.repeat(31) }, 'Hello');
    expect(known).toEqual(
      expect.arrayContaining(['has: arc-seal', 'arc-seal: i=1;', 'x-note: cheap', 'x-spam-flag: YES']),
    );
    expect(known).toContain('has: x-id');
    expect(known.filter((fact) => fact.startsWith('x-id:') || fact.startsWith('subject:'))).toEqual([]);
    const order = (all: readonly string[]): string[] => all.filter((fact) => fact.startsWith('order:'));
    expect(order(known)).toEqual(order(facts(shown, 'Hello')));
  });

  test('tell little where they are many', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`X-Note-${i}`, `word${i}`]));
    const known = facts({ ...many, ...shown }, 'See http://example.net/');
    expect(known.filter((fact) => fact.startsWith('x-note'))).toHaveLength(20);
    expect(known).toEqual(
      expect.arrayContaining(['has: subject', 'from: joe@example.org', 'link site: example.net']),
    );
  });

  test('but a long one of the others does not push the rest out', () => {
    const to = Array.from({ length: 300 }, (_, i) => `user${i}@example.net`).join(', ');
    const read = Buffer.from(sample({ To: to, Subject: 'Lunch' }, '').sender).toString();
    expect(read.startsWith('To: user0@example.net, user1@')).toBe(true);
    expect(read.endsWith('\nSubject: Lunch\n')).toBe(true);
  });
});

test('the checks of the receiving server and the domain that signed are facts', () => {
  const results = 'mx.example.net; dkim=pass header.d=example.org; spf=SoftFail smtp.mailfrom=x; dmarc=none';
  const signature = 'v=1; a=rsa-sha256; bh=d=; d=mail.Example.org; s=s1; b=abc=';
  const from = 'joe@example.org';
  const known = facts({ From: from, 'Authentication-Results': results, 'DKIM-Signature': signature }, '');
  const expected = [
    'dkim: pass',
    'spf: softfail',
    'dmarc: none',
    'signed by: example.org',
    "signed by from's domain: true",
  ];
  expect(known).toEqual(expect.arrayContaining(expected));
  expect(facts({ From: from, 'DKIM-Signature': 'd=example.com' }, '')).toContain(
    "signed by from's domain: false",
  );
  expect(facts({ From: from }, '').filter((fact) => /^(?:dkim|spf|dmarc|signed)/.test(fact))).toEqual([]);
});

const empty: Windows = {
  sender: new Uint8Array(),
  route: new Uint8Array(),
  start: new Uint8Array(),
  end: new Uint8Array(),
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
      expect(names.size).toBe(all(features).length);
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

describe('windows', () => {
  test('packed and unpacked are the same, and so are their features', () => {
    fc.assert(
      fc.property(anyWindows, (windows) => {
        const again = unpackWindows(packWindows(windows));
        for (const [name, window] of Object.entries(windows) as [keyof Windows, Uint8Array][]) {
          expect(Buffer.compare(again[name], window)).toBe(0);
        }
        expect(featuresOf(again)).toEqual(featuresOf(windows));
      }),
    );
  });

  test('of garbage are none', () => {
    expect(() => unpackWindows(bytes('garbage'))).toThrow();
    expect(() => unpackWindows(new Uint8Array())).toThrow();
  });

  test('keep to their limits, and a signature to 8 KiB, however random the message', () => {
    for (let seed = 0; seed < 10; seed++) {
      let block = Buffer.from([seed]);
      const noise = (length: number): string => {
        let text = '';
        while (text.length < length) {
          block = createHash('sha512').update(block).digest();
          text += String.fromCharCode(...block.map((byte) => 33 + (byte % 94)));
        }
        return text.slice(0, length);
      };
      const links = Array.from({ length: 60 }, () => `https://${noise(80).replace(/[/?#]/g, 'x')}/ `).join(
        '',
      );
      const received = { Received: `from ${noise(900)} by ${noise(900)}` };
      const windows = sample({ Subject: noise(3000), ...received }, `${noise(4000)} ${links}`);
      for (const [name, limit] of Object.entries(limits) as [keyof Windows, number][]) {
        expect(windows[name].length).toBeLessThanOrEqual(limit);
      }
      expect(packWindows(windows).length).toBeLessThanOrEqual(8192 - 18);
    }
  });

  test('hold nothing that delivery adds', () => {
    const fields = { From: 'kim@example.org', Subject: 'Hello' };
    const delivered = {
      'Return-Path': '<kim@example.org>',
      'Delivered-To': 'joe@example.net',
      Received: 'by mail.example.net (Postfix, from userid 89) id 4711; Sun, 22 Nov 2026 21:33:52 +0000',
      ...fields,
      'X-DSPAM-Result': 'Spam',
      Status: 'RO',
    };
    expect(sample(delivered, 'Hello, Joe')).toEqual(sample(fields, 'Hello, Joe'));
  });

  test('hold the beginning and the end of a text, each byte once', () => {
    const text = 'word '.repeat(2000).trim();
    const { start, end } = sample({}, text);
    expect(Buffer.from(start).toString()).toBe(text.slice(0, limits.start));
    expect(Buffer.from(end).toString()).toBe(text.slice(-limits.end));
    expect(sample({}, 'short').end).toHaveLength(0);
    const middle = sample({}, 'x'.repeat(limits.start + 10));
    expect(middle.end).toHaveLength(10);
  });

  test('hold the Received fields apart, so that they push nothing out', () => {
    const value = (i: number): string =>
      `from a${i}.example.com (a${i}.example.com [192.0.2.${i}]) by b${i}.example.org; Sun, 22 Nov 2026 21:33:52 +0000`;
    const received = Array.from({ length: 100 }, (_, i) => ({ name: 'Received', value: value(i) }));
    const content = contentOf({ Subject: 'Hello' }, 'Hi');
    const { sender, route } = windowsOf({ ...content, fields: [...received, ...content.fields] });
    expect(Buffer.from(sender).toString()).toBe('Subject: Hello\n');
    expect(Buffer.from(route).toString()).toMatch(/^Received: from a0\..*\nReceived: from a1\./);
    expect(route).toHaveLength(limits.route);
  });
});

describe('facts', () => {
  test('are few, short, one line each and distinct, whatever the message', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string()), fc.string(), (fields, text) => {
        const found = facts({ ...fields, From: text, Subject: text }, `${text} http://${text}/ `);
        expect(found.length).toBeLessThanOrEqual(200);
        for (const fact of found) expect(fact).toMatch(/^[^\n]{1,100}$/);
      }),
    );
  });

  test('take time in step with the message', () => {
    const begun = performance.now();
    for (const piece of ['a', ' ', '!', '<', '@', '.', 'Aa1', 'http://', '\n>', '=?', '\u{1f600}']) {
      const hostile = piece.repeat(200_000 / piece.length);
      facts(
        { From: hostile, Subject: hostile, Received: hostile, 'Message-ID': hostile, Date: hostile },
        hostile,
      );
    }
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
