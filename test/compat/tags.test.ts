/** The tag, forwarded mail and other training modes, against what was recorded with showFactors and signatureLocation=message. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture, masked, numberless } from './capture.ts';
import { mail, numbered, signatureIn, Site, user } from './site.ts';

const site = new Site();
beforeAll(async () => {
  await site.begin({ more: 'signatureLocation = "message"\nshowFactors = true' });
  for (const [as, name] of [
    ['spam', 'spam1.eml'],
    ['innocent', 'ham1.eml'],
  ] as const) {
    const corpus = ['dspam', '--user', user, '--source=corpus', `--class=${as}`];
    for (let n = 0; n < 8; n++) site.run(corpus, numbered(mail[name] ?? '', n));
  }
});
afterAll(async () => {
  await site.end();
});

/** An output without the reasons, which are those of another history. */
function unreasoned(text: string): string {
  return numberless(text).replace(/^X-DSPAM-Factors:[^\n]*\n(?:\t[^\n]*\n)*/gm, '');
}

const multi =
  'From: Carol <carol@example.net>\nTo: test@example.org\nSubject: =?UTF-8?B?SMOpbGxvIHdvcmxk?=\nMIME-Version: 1.0\nMessage-ID: <m1@example.net>\nContent-Type: multipart/alternative; boundary="BB"\n\nThis is a MIME message.\n--BB\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nCaf=C3=A9 menu for lunch =3D tasty\n\n--BB\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\nPGh0bWw+PGJvZHk+PHA+Q2Fmw6kgbWVudTwvcD48YSBocmVmPSJodHRwOi8vZXhhbXBsZS5jb20v\neCI+Y2xpY2s8L2E+PC9ib2R5PjwvaHRtbD4K\n\n--BB--\n';
const signed =
  'From: Dave <dave@example.net>\nTo: test@example.org\nSubject: signed\nMIME-Version: 1.0\nMessage-ID: <s1@example.net>\nContent-Type: multipart/signed; micalg=pgp-sha1;\n\tprotocol="application/pgp-signature"; boundary="SS"\n\n--SS\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nSigned text =3D ok\n--SS\nContent-Type: application/pgp-signature; name="signature.asc"\n\n-----BEGIN PGP SIGNATURE-----\niQEcBAEBAgAGBQJ\n-----END PGP SIGNATURE-----\n--SS--\n';

const stdout = ['dspam', '--user', user, '--deliver=stdout'];
const fewer = 'no blank lines behind the tag';
const rewritten = 'parts keep their encodings, and what is signed stays as it is';

/** A text without the blank lines around a tag and behind it. */
function unspaced(text: string): string {
  return text
    .replaceAll(/\n+(?=!DSPAM)/g, '\n')
    .replaceAll(/(!DSPAM:SIGNATURE!)\n+/g, '$1\n')
    .trimEnd();
}

describe('tags', () => {
  for (const name of ['50-tag-plain', '52-tag-html', '87-toe']) {
    site.differs(name, fewer, () => {
      const outcome = site.again(name);
      expect(outcome).toMatchObject({ status: 0, stderr: '' });
      expect(unspaced(unreasoned(outcome.stdout))).toBe(unspaced(unreasoned(capture(name).stdout)));
    });
  }
  site.differs('51-tag-multi', rewritten, () => {
    const out = masked(site.run(stdout, multi).stdout);
    expect(unreasoned(out.slice(0, out.indexOf('\n\n') + 1))).toBe(
      unreasoned(`${capture('51-tag-multi').stdout.split('\n\n')[0] ?? ''}\n`),
    );
    expect(out).toContain('quoted-printable\n\nCaf=C3=A9 menu for lunch =3D tasty\n\n!DSPAM:SIGNATURE!\n');
    const html = Buffer.from(/base64\n\n([^-]*)/.exec(out)?.[1] ?? '', 'base64').toString();
    expect(masked(html)).toContain('</a>\n!DSPAM:SIGNATURE!\n</body>');
  });
  site.differs('53-tag-signed', rewritten, () => {
    const out = site.run(stdout, signed).stdout;
    expect(out.slice(out.indexOf('\n\n'))).toBe(signed.slice(signed.indexOf('\n\n')));
    expect(out).toContain('\nX-DSPAM-Signature: ');
  });
  test('86-notrain; other numbers: another history', () => {
    const outcome = site.again('86-notrain');
    expect(unreasoned(outcome.stdout)).toBe(unreasoned(capture('86-notrain').stdout));
  });
  site.equal('85-inoculation');
});

describe('what was forwarded', () => {
  let delivered = '';
  let id = '';
  /** The signature that was recorded; the other is the one of a ham message. */
  const named = (text: string): string => text.replace(/(?<=signature=)\w+/, id);
  beforeAll(() => {
    delivered = site.run(stdout, numbered(mail['spam1.eml'] ?? '', 77)).stdout;
    id = signatureIn({ status: 0, stdout: delivered, stderr: '' });
  });
  const forwarded = (type: string, text: string): string =>
    `From: test@example.org\nTo: notspam@example.org\nSubject: Fwd: Buy\nMIME-Version: 1.0\n${type}\n\n${text}`;
  const quoted = (): string => delivered.slice(delivered.indexOf('\n\n')).replaceAll('\n', '\n> ');

  const forms: Readonly<Record<string, () => string>> = {
    '80-retrain-fwd': () => forwarded('Content-Type: text/plain', `FYI\n${quoted()}\n`),
    '81-retrain-fwd64': () => {
      const text = Buffer.from(`FYI\n${quoted()}\n`, 'latin1').toString('base64');
      return forwarded('Content-Type: text/plain\nContent-Transfer-Encoding: base64', `${text}\n`);
    },
    '82-retrain-fwd-rfc822': () => forwarded('Content-Type: message/rfc822', delivered),
    '84-unlearn': () => delivered,
  };
  for (const [name, message] of Object.entries(forms)) {
    test(name, () => {
      const { words, stdout: recorded, status } = capture(name);
      expect(site.run(words, message())).toEqual({ status, stdout: named(recorded), stderr: '' });
    });
  }
  site.differs('83-inbound-with-old-tag', 'old fields of ours go, and the text keeps its old tag', () => {
    const out = site.run(stdout, delivered).stdout;
    expect(out.match(/^X-DSPAM-Result: /gm)).toHaveLength(1);
    expect(out.match(/^!DSPAM:/gm)).toHaveLength(2);
  });
});

describe('a sender who is known', () => {
  beforeAll(() => {
    const corpus = ['dspam', '--user', 'w@example.org', '--class=innocent', '--source=corpus'];
    site.settings('');
    for (let n = 0; n < 12; n++) site.run(corpus, numbered(mail['ham1.eml'] ?? '', n));
  });
  site.alike('W1-whitelisted', 'another history');
  site.alike('W1b', 'another history');
});
