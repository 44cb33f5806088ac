import { describe, expect, test } from 'vitest';
import type { Field } from '../../src/message/content.ts';
import { judgedFields } from '../../src/message/delivered.ts';

const names = (fields: readonly Field[]): string[] => judgedFields(fields).map(({ name }) => name);

test('fields of delivery and of mail programs are left out', () => {
  const delivery = (
    'Return-Path Delivered-To Delivery-Date Envelope-To X-Envelope-From X-Envelope-Anything X-Original-To Status X-Status X-UID X-UIDL ' +
    'X-Keywords X-IMAPbase X-Mozilla-Status X-Mozilla-Keys X-Evolution-Source Content-Length Lines X-DSPAM-Result X-DSPAM-Anything'
  ).split(' ');
  for (const name of delivery) {
    for (const written of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(names([{ name: written, value: '1' }])).toEqual([]);
    }
  }
});

test('other fields stay, in their order', () => {
  const fields = ['Subject', 'From', 'X-Spam-Status', 'Statusbar', 'X-Mailer', 'Content-Type', 'Subject'].map(
    (name) => ({
      name,
      value: '',
    }),
  );
  expect(judgedFields(fields)).toEqual(fields);
});

/** A line from a host outside: the first one that counts. */
const outside = 'from relay.example.net (relay.example.net [198.51.100.9]) by mx.example.com with ESMTP id 1';
const isInside = (value: string): boolean =>
  judgedFields([
    { name: 'Received', value },
    { name: 'received', value: outside },
  ]).length === 1;

describe('a Received field tells only of the site itself', () => {
  test.each([
    '(qmail 123 invoked by uid 89); 10 Mar 2026 08:15:02 -0000',
    'by mx.example.com with LMTP id 4AB12C for <joe@example.com>',
    'by mx.example.com (Postfix, from userid 1000)',
    'from localhost (localhost [127.0.0.1]) by mx.example.com (Postfix) with ESMTP',
    'from localhost by mx.example.com with LMTP',
    'from localhost.localdomain ([::1]) by mx.example.com',
    'from mx.example.com ([IPv6:::1]) by other.example.net',
    'from scanner (unknown [192.168.1.18]) by mx.example.com',
    'from unknown (HELO scanner) (10.0.0.9) by mx.example.com',
    'from [172.16.0.1] (helo=scanner) by mx.example.com',
    'from a.corp (fd00:12::1) by b.corp (fd00:12::2) with Microsoft SMTP Server',
    'from mx1.example.com (mx1.example.com [203.0.113.5]) by mail.example.com with ESMTP',
    'from mx1.example.co.uk ([203.0.113.5] helo=mx1) by mail.example.co.uk with esmtp',
    'from mx1.example.com ([unix socket]) by MAIL.Example.COM. with LMTPA',
    'FROM localhost BY mx.example.com',
  ])('%s', (value) => {
    expect(isInside(value)).toBe(true);
  });
});

describe('a Received field tells of a host outside', () => {
  test.each([
    outside,
    'from localhost (unknown [198.51.100.9]) by mx.example.com with SMTP',
    'from localhost.localdomain ([198.51.100.9]) by mx.example.com',
    'from mx.example.com (dial-9.example.net [198.51.100.9]) by mx.example.com with SMTP',
    'from mx.example.com (unknown [198.51.100.9]) by mx.example.com with SMTP',
    'from unknown (HELO mx.example.com) (198.51.100.9) by mx.example.com with SMTP',
    'from [127.0.0.1] (dial-9.example.net [198.51.100.9]) by mx.example.com',
    'from a.example.co.uk ([203.0.113.5]) by b.other.co.uk with esmtp',
    'from [203.0.113.5] by mx.example.com',
    'from a ([2001:db8::1]) by mx.example.com',
    'from 172.32.0.1 (172.32.0.1) by mx.example.com',
    'from nowhere',
  ])('%s', (value) => {
    expect(isInside(value)).toBe(false);
  });

  test('then those behind it count too, whatever they tell', () => {
    const received = (value: string): Field => ({ name: 'Received', value });
    const fields = [
      received('by a.example.com'),
      received(outside),
      received('by b.example.net'),
      received(outside),
    ];
    expect(judgedFields(fields)).toEqual(fields.slice(1));
  });
});
