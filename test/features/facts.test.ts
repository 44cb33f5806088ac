import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factsOf } from '../../src/features/facts.ts';
import { windowsOf, type Windows } from '../../src/features/windows.ts';
import { contentOf, facts, sample } from './sample.ts';

describe('facts', () => {
  test('are few, short, one line each and distinct, whatever the message', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string()), fc.string(), (fields, text) => {
        const found = facts({ ...fields, From: text, Subject: text }, `${text} http://${text}/ `);
        expect(found.length).toBeLessThanOrEqual(260);
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

  test('tell the checks of the receiving server and the domain that signed', () => {
    const results =
      'mx.example.net; dkim=pass header.d=example.org; spf=SoftFail smtp.mailfrom=x; dmarc=none';
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
});

describe('who a message is from', () => {
  test.each([
    ['"Joe" <joe@example.org>', 'example.org', false],
    ['joe@example.org (Joe)', 'example.org', false],
    ['"joe@example.org" <x@example.com>', 'example.com', true],
    ['joe@example.org <x@example.com>', 'example.com', true],
    ['"Joe <joe@example.org>" <x@example.com>', 'example.com', true],
    ['"joe@mail.example.org" <joe@example.org>', 'example.org', false],
    ['Joe, <joe@example.org>', 'example.org', false],
    ['"Joe <joe@example.org>', 'example.org', false],
    ['Joe', undefined, false],
  ])('%s', (from, domain, isOdd) => {
    const known = facts({ From: from }, '');
    expect(known.find((fact) => fact.startsWith('from domain: '))).toBe(`from domain: ${domain ?? ''}`);
    expect(known.includes('from names an address of another domain')).toBe(isOdd);
  });
});

describe('links', () => {
  test.each([
    ['bank.example', 'https://evil.example/', true],
    ['www.bank.example', 'https://login.bank.example/', false],
    ['www.bank.example', 'mailto:joe@example.org', false],
  ])('that show %s and lead to %s', (host, target, isElsewhere) => {
    const content = { ...contentOf({}, ''), links: [target], addressed: [{ host, target }] };
    const told = Buffer.from(factsOf(content, content.fields)).toString().split('\n');
    expect(told.includes('link shown as another site')).toBe(isElsewhere);
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
      expect.arrayContaining([
        'has: arc-seal',
        'field arc-seal: i=1;',
        'field x-note: cheap',
        'field x-spam-flag: YES',
      ]),
    );
    expect(known).toContain('has: x-id');
    expect(known.filter((fact) => /^(?:field )?(?:x-id|subject):/.test(fact))).toEqual([]);
    const order = (all: readonly string[]): string[] => all.filter((fact) => fact.startsWith('order:'));
    expect(order(known)).toEqual(order(facts(shown, 'Hello')));
  });

  test('tell little where they are many', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`X-Note-${i}`, `word${i}`]));
    const known = facts({ ...many, ...shown }, 'See http://example.net/');
    expect(known.filter((fact) => fact.startsWith('field x-note'))).toHaveLength(20);
    expect(known).toEqual(
      expect.arrayContaining(['has: subject', 'from: joe@example.org', 'link site: example.net']),
    );
  });

  test('but a long one of the others does not push the rest out', () => {
    const to = Array.from({ length: 300 }, (_, i) => `user${i}@example.net`).join(', ');
    const read = Buffer.from(sample({ To: to, Subject: 'Lunch' }, '').sender).toString();
    expect(read).toMatch(/^Subject: Lunch\nTo: user0@example\.net, user1@/);
    expect(read.length).toBeLessThan(450);
  });

  const windowsWith = (fields: readonly (readonly [string, string])[], text: string): Windows =>
    windowsOf({ ...contentOf({}, text), fields: fields.map(([name, value]) => ({ name, value })) });

  test('nor do many of one name, and none is what we find ourselves', () => {
    const stuffed = Array.from({ length: 6 }, () => ['Organization', 'good words '.repeat(40)] as const);
    const fields = [...stuffed, ['From', 'joe@example.org'], ['SPF', 'pass'], ['Subject', 'Lunch']] as const;
    const { sender, facts } = windowsWith(fields, 'x');
    expect(Buffer.from(sender).toString()).toMatch(
      /^From: joe@example\.org\nSubject: Lunch\nOrganization: [^\n]*\n$/,
    );
    expect(Buffer.from(facts).toString()).not.toMatch(/^spf: pass$/m);
  });

  test('however many they are, there is room for the facts of the text', () => {
    const fields = Array.from({ length: 200 }, (_, i) => [`X-${'y'.repeat(80)}${i}`, `word${i}`] as const);
    const { facts } = windowsWith(fields, 'See http://127.0.0.1/');
    expect(Buffer.from(facts).toString()).toMatch(/^link by number: true$/m);
  });
});
