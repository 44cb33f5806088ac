import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mail, withCrlf, withoutOurs } from '../cli/mail.ts';
import type { Daemon } from './daemon.ts';
import { send, started, transaction } from './lmtp-client.ts';

describe('LMTP to a command', () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await started(({ place }) => {
      const script = place.path('deliver');
      writeFileSync(
        script,
        `#!/bin/sh\nprintf '%s\\n' "$@" >"${place.path('words')}"\ncase $3 in status-*) exit "\${3#status-}";; esac\nexec cat >"${place.path('stdin')}"\n`,
        { mode: 0o755 },
      );
      return `lmtpNext = "exec:${script} -f %u %s x%n@%d"\nlmtpUser = "local"\nrecipientDelimiter = "+-"\n`;
    });
  });
  afterAll(async () => {
    await daemon.remove();
  });
  const read = (name: string): string => readFileSync(daemon.place.path(name), 'latin1');

  test('gets the envelope in its words and the message on stdin', async () => {
    const message = mail({ id: 'e1', body: 'a\r\rb\0\xe9\n.\n..\n' });
    const replies = await send(
      daemon,
      transaction(['Joe+$(id)@Example.net'], withCrlf(message), '<a b;$x@y>'),
    );
    expect(replies.at(-1)).toBe('250 2.0.0 Taken by the command');
    expect(read('words')).toBe('-f\njoe\na b;$x@y\nxjoe@example.net\n');
    expect(withoutOurs(read('stdin'))).toBe(message);
  });

  test('its status is the reply', async () => {
    const replies = await send(
      daemon,
      ...['0', '67', '75', '1', '70', '100'].map((status) =>
        transaction(['joe'], 'Subject: x\r\n\r\n', `<status-${status}>`),
      ),
    );
    expect(replies.filter((_, at) => at % 4 === 3).map((line) => line.slice(0, 9))).toEqual([
      '250 2.0.0',
      '550 5.1.1',
      '451 4.3.0',
      '451 4.3.0',
      '451 4.3.0',
      '451 4.3.0',
    ]);
  });

  test('an address is no option', async () => {
    const replies = await send(
      daemon,
      transaction(['joe'], 'Subject: x\r\n\r\n', '<-oQ/tmp@example.org>'),
      transaction(['-x'], 'Subject: x\r\n\r\n'),
    );
    expect([replies[3], replies[7]].map((line) => line?.slice(0, 9))).toEqual(['553 5.1.3', '553 5.1.3']);
  });
});
