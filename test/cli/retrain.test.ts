/** Learning one message by hand: by signature, by what forwarding has made of it, once, and back again. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LevelStore } from '../../src/store/level/level-store.ts';
import type { Totals } from '../../src/store/contract.ts';
import { advertisement, field, mail, withCrlf, withoutOurs } from './mail.ts';
import { Place, type Outcome } from './tamis.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
  expect(learn('spam', 'corpus', advertisement('first'))).toMatchObject({ status: 0, stderr: '' });
  expect(learn('innocent', 'corpus', mail({ id: 'first' }))).toMatchObject({ status: 0, stderr: '' });
});
afterEach(() => {
  place.remove();
});

function learn(lesson: string, source: string, stdin = '', ...more: string[]): Outcome {
  return place.run(['--user=joe', `--class=${lesson}`, `--source=${source}`, ...more], { stdin });
}

/** Passes a message through; what goes out, and its signature. */
function receive(message: string, ...more: string[]): { delivered: string; signature: string } {
  const { stdout } = place.run(['--user=joe', '--deliver=stdout', ...more], { stdin: message });
  return { delivered: stdout, signature: field(stdout, 'X-DSPAM-Signature') ?? '' };
}

/** All that is known of joe but signatures. */
async function known(): Promise<{ totals: Totals; features: Map<number, string> }> {
  const user = await new LevelStore(place.home).open('joe', { create: false, wait: 1000 });
  if (user === undefined) throw new Error('joe is unknown');
  const features = new Map<number, string>();
  for await (const { keys, values } of user.features()) {
    for (const [i, key] of keys.entries())
      features.set(key, `${values[2 * i] ?? 0} ${values[2 * i + 1] ?? 0}`);
  }
  const totals = { ...(await user.totals()) };
  await user.close();
  return { totals, features };
}

const message = mail({ id: 'm', subject: 'Holiday', body: 'Shall we go to the lake on Sunday?\n' });

describe('which message is learned', () => {
  /** How a message reaches the retraining command, given the delivered one and its signature. */
  const ways: Record<string, (delivered: string, signature: string) => { stdin: string; args?: string[] }> = {
    'by --signature alone': (_, signature) => ({ stdin: '', args: [`--signature=${signature}`] }),
    'by the header of the message': (delivered) => ({ stdin: delivered }),
    'by the header of the message with CRLF': (delivered) => ({ stdin: withCrlf(delivered) }),
    'by the header, whatever else has become of the message': (_, signature) => ({
      stdin: mail({ id: 'other', fields: `X-DSPAM-Signature: ${signature}\n` }),
    }),
    'by a tag in a forwarded message': (_, signature) => ({
      stdin: mail({ id: 'fwd', body: `-- forwarded\n> Shall we go?\n>\n> !DSPAM:${signature}!\n` }),
    }),
    'by a tag in a quoted-printable message': (_, signature) => ({
      stdin: mail({
        id: 'qp',
        fields: 'MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n',
        body: `Look:\n=21DSPAM=3A${signature.slice(0, 9)}=\n${signature.slice(9)}!\n`,
      }),
    }),
    'by a tag in a base64 message': (_, signature) => ({
      stdin: mail({
        id: 'base64',
        fields: 'MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n',
        body: Buffer.from(`<p>See<br>!DSPAM:${signature}!</p>`)
          .toString('base64')
          .replace(/.{1,60}/g, '$&\n'),
      }),
    }),
    'by an attached message': (delivered) => ({ stdin: attached(delivered) }),
    'by a message attached to an attached message': (delivered) => ({ stdin: attached(attached(delivered)) }),
    'by the header quoted in a bounce': (_, signature) => ({
      stdin: mail({
        id: 'bounce',
        body: `Returned:\n\nSubject: Holiday\nX-DSPAM-Signature: ${signature}\n\n`,
      }),
    }),
    'by the last of several': (_, signature) => ({
      stdin: mail({ id: 'several', body: `!DSPAM:0123456712345678!\n\n!DSPAM:${signature}!\n` }),
    }),
    'by the one of several that is known': (_, signature) => ({
      stdin: mail({ id: 'known', body: `!DSPAM:${signature}!\n\n!DSPAM:0123456712345678!\n` }),
    }),
    'by the message itself, its signature being unknown': () => ({
      stdin: message,
      args: ['--signature=0123456712345678'],
    }),
    'by the message itself': () => ({ stdin: message }),
  };

  test('a tag that its sender wrote, of another message, does not outrank its own field', () => {
    const { signature } = receive(message);
    const part = `--b\nX-DSPAM-Signature: ${signature}\n\nCheap!\n> !DSPAM:${signature}!\n--b--\n`;
    const fields = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n';
    const spam = mail({ id: 'spam', fields, body: part });
    expect(learn('spam', 'error', receive(spam).delivered).status).toBe(0);
    const spamLearned = (): unknown =>
      (JSON.parse(place.run(['stats', '--user=joe', '--json']).stdout) as Totals).spamLearned;
    expect(spamLearned()).toBe(2);
    // Had it been the other message, learning that one now would count nothing.
    expect(learn('spam', 'error', message).status).toBe(0);
    expect(spamLearned()).toBe(3);
  });

  function attached(inner: string): string {
    const part = `--b\nContent-Type: message/rfc822\nContent-Disposition: attachment\n\n${inner}\n--b--\n`;
    const fields = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n';
    return mail({ id: 'outer', fields, body: `--b\n\nThis is spam.\n${part}` });
  }

  test.each(Object.entries(ways))('%s', (_, way) => {
    const { delivered, signature } = receive(message);
    const { stdin, args = [] } = way(delivered, signature);
    expect(learn('spam', 'error', stdin, ...args)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const totals = (): Totals => JSON.parse(place.run(['stats', '--user=joe', '--json']).stdout) as Totals;
    const after = totals();
    expect(after).toMatchObject({ spamLearned: 2, spamMisclassified: 1 });
    // It was that very message: learning it again counts nothing.
    expect(learn('spam', 'error', message).status).toBe(0);
    expect(totals()).toEqual(after);
  });

  test('an unknown signature and no message: an error, and nothing is learned', async () => {
    const before = await known();
    const outcome = learn('spam', 'error', '', '--signature=0123456712345678');
    expect(outcome).toMatchObject({ status: 75, stdout: '' });
    expect(outcome.said).toHaveLength(1);
    expect(outcome.stderr).toContain('signature "0123456712345678" is unknown');
    expect(outcome.stderr).toContain('give the message itself');
    expect(await known()).toEqual(before);
  });

  test('neither a signature nor a message: an error that says so', () => {
    const outcome = learn('spam', 'error');
    expect(outcome).toMatchObject({ status: 75, stdout: '' });
    expect(outcome.stderr).toBe('tamis: There is no message on stdin, and no --signature stands for one.\n');
  });

  test("somebody else's signature is unknown", () => {
    const { signature } = receive(message);
    const args = ['--user=kim', '--class=spam', '--source=error', `--signature=${signature}`];
    expect(place.run(args)).toMatchObject({ status: 75, stdout: '' });
    expect(place.run(['users', 'list']).stdout).toBe('joe\n');
  });
});

describe('counting', () => {
  test('twice counts once, whichever way', async () => {
    const { delivered, signature } = receive(message);
    learn('spam', 'error', '', `--signature=${signature}`);
    const once = await known();
    expect(once.totals).toMatchObject({ spamLearned: 2, innocentLearned: 1, spamMisclassified: 1 });
    learn('spam', 'error', '', `--signature=${signature}`);
    learn('spam', 'error', delivered);
    learn('spam', 'corpus', message);
    learn('spam', 'inoculation', withCrlf(message));
    expect(await known()).toEqual(once);
  });

  test('the opposite class takes the first back: as if only the second had been', async () => {
    const { signature } = receive(message);
    learn('innocent', 'error', '', `--signature=${signature}`);
    const direct = await known();
    place.remove();
    place = new Place();
    learn('spam', 'corpus', advertisement('first'));
    learn('innocent', 'corpus', mail({ id: 'first' }));
    const again = receive(message).signature;
    learn('spam', 'error', '', `--signature=${again}`);
    learn('innocent', 'error', '', `--signature=${again}`);
    const detour = await known();
    expect(detour.features).toEqual(direct.features);
    expect(detour.totals).toEqual({ ...direct.totals, spamMisclassified: 1 });
  });

  test('each source has its totals', async () => {
    learn('spam', 'corpus', advertisement('second'));
    learn('innocent', 'error', mail({ id: 'second' }));
    learn('spam', 'inoculation', advertisement('third'));
    expect((await known()).totals).toMatchObject({
      spamLearned: 3,
      innocentLearned: 2,
      spamCorpusfed: 3,
      innocentCorpusfed: 1,
      spamMisclassified: 0,
      innocentMisclassified: 1,
    });
  });
});

describe('delivering what is retrained', () => {
  test('an error says X-DSPAM-Reclassified and nothing more', () => {
    const { delivered } = receive(message);
    const { stdout, status } = learn('spam', 'error', delivered, '--deliver=stdout');
    expect(status).toBe(0);
    expect(stdout.match(/^X-DSPAM-.*$/gm)).toEqual(['X-DSPAM-Reclassified: Spam']);
    expect(withoutOurs(stdout)).toBe(message);
  });

  test('a summary of it', () => {
    const { stdout } = learn('spam', 'error', message, '--deliver=summary');
    expect(stdout).toMatch(/^X-DSPAM-Result: joe; result="Spam"; class="Spam"; probability=1\.0000; /);
  });

  test('an unknown signature: the message passes, and is what is learned', () => {
    const args = ['--deliver=stdout', '--signature=0123456712345678'];
    const { stdout, status } = learn('spam', 'corpus', message, ...args);
    expect(status).toBe(0);
    expect(withoutOurs(stdout)).toBe(message);
    expect(place.run(['stats', '--user=joe', '--json']).stdout).toContain('"spamLearned":2,');
  });
});

describe('signatureLocation=message', () => {
  const footer = ['--set', 'signatureLocation=message'];

  test('a tag is put into the text, and retrains the message when only the text comes back', () => {
    const { delivered, signature } = receive(message, ...footer);
    expect(delivered).toContain(`!DSPAM:${signature}!`);
    expect(delivered.startsWith(message.split('\n\n')[0] ?? '')).toBe(true);
    const body = delivered.slice(delivered.indexOf('\n\n') + 2);
    const forwarded = mail({ id: 'fwd', body: body.replace(/^/gm, '> ') });
    expect(learn('spam', 'error', forwarded).status).toBe(0);
    const after = place.run(['stats', '--user=joe', '--json']).stdout;
    expect(JSON.parse(after)).toMatchObject({ spamLearned: 2 });
    learn('spam', 'error', message);
    expect(place.run(['stats', '--user=joe', '--json']).stdout).toBe(after);
  });

  test('the tag makes no other message of it, signature expired or not', () => {
    const { delivered, signature } = receive(message, ...footer);
    learn('spam', 'error', delivered.replaceAll(signature, '0123456712345678'));
    const after = place.run(['stats', '--user=joe', '--json']).stdout;
    expect(JSON.parse(after)).toMatchObject({ spamLearned: 2 });
    learn('spam', 'error', message);
    expect(place.run(['stats', '--user=joe', '--json']).stdout).toBe(after);
  });

  test('signed mail is not touched in its body', () => {
    const fields = 'MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=s\n';
    const signed = mail({
      id: 'signed',
      fields,
      body: '--s\n\nHello.\n--s\nContent-Type: application/pgp-signature\n\nxyz\n--s--\n',
    });
    const { delivered, signature } = receive(signed, ...footer);
    expect(signature).not.toBe('');
    expect(withoutOurs(delivered)).toBe(signed);
  });

  test('a message that is retrained gets none', () => {
    const { stdout } = learn('spam', 'error', message, '--deliver=stdout', ...footer);
    expect(withoutOurs(stdout)).toBe(message);
  });
});
