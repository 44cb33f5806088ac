import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { featuresOf } from '../../src/features/features.ts';
import { limits, packWindows, unpackWindows, windowsOf, type Windows } from '../../src/features/windows.ts';
import { anyWindows, contentOf, sample } from './sample.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

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

  test('keep to their limits, and a signature to 10 KiB, however random the message', () => {
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
      const content = contentOf({ Subject: noise(3000), ...received }, `${noise(4000)} ${links}`);
      const windows = windowsOf({ ...content, hidden: noise(3000), aside: noise(3000) });
      for (const [name, limit] of Object.entries(limits) as [keyof Windows, number][]) {
        expect(windows[name].length).toBeLessThanOrEqual(limit);
      }
      expect(packWindows(windows).length).toBeLessThanOrEqual(10 * 1024 - 18);
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

  test('hold the beginnings of what is hidden and of what stands aside, if that is more than a few words', () => {
    const aside = (hidden: string, aside: string): string =>
      Buffer.from(windowsOf({ ...contentOf({}, 'Hello'), hidden, aside }).aside).toString();
    expect(aside('', '')).toBe('');
    expect(aside('a few words', 'b'.repeat(99))).toBe('');
    expect(aside('', 'b\n\nb '.repeat(1000))).toBe('b b '.repeat(500));
    expect(aside('a'.repeat(3000), 'b'.repeat(3000))).toBe('a'.repeat(1000) + 'b'.repeat(1000));
    expect(aside('a'.repeat(120), 'b'.repeat(3000))).toBe(`${'a'.repeat(120)}\n${'b'.repeat(1879)}`);
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
