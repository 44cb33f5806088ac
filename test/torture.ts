/**
 * Messages that are made to break readers of mail: too large to be kept as files, so each is made by a function.
 *
 * They are the same at every run. The largest is 20 MB.
 */

const mebibyte = 1024 * 1024;
const head =
  'From: Anna <anna@example.org>\nTo: Bert <bert@example.com>\nSubject: Torture\nMIME-Version: 1.0\n';

/** The messages by name. */
export const tortures: Record<string, () => Buffer> = {
  'no header block': () => text('\nOnly a body.\n'),
  'no header block and no field': () => text('This line is no field.\nNor is this one.\n\nBody.\n'),
  'no body': () => text(head),
  'no body and no final newline': () => text(head.trimEnd()),
  'an empty line first': () => text(`\n${head}\nBody.\n`),
  'two empty lines first': () => text(`\n\n${head}\nBody.\n`),
  'only a newline': () => text('\n'),
  'only a letter': () => text('x'),
  'only an mbox line': () => text('From anna@example.org Mon Jun  1 10:00:00 2026\n'),
  'only a field name': () => text('Subject'),
  'only a colon': () => text(':'),
  'only blanks': () => text(' \n \n \n'),
  'a first line that begins with a blank': () => text(` folded\n${head}\nBody.\n`),
  'an mbox line': () =>
    text(`From anna@example.org Mon Jun  1 10:00:00 2026\n${head}\nBody.\n>From here on.\n`),
  'a quoted mbox line': () => text(`>From anna@example.org Mon Jun  1 10:00:00 2026\n${head}\nBody.\n`),
  'no final newline': () => text(`${head}\nBody without an end`),
  'a body of CRs': () => text(`${head}\n${'\r'.repeat(1000)}`),
  'mixed line ends': () =>
    text(`${head.replaceAll('1.0\n', '1.0\r\n')}\r\none\r\ntwo\nthree\rfour\n\r\nfive\r\n`),
  'a header block with mixed line ends': () =>
    text('From: a@example.org\r\nTo: b@example.com\nSubject: c\r\n\nBody.\r\n'),
  'an empty line of CR': () => text(`${head}\r\r\nBody.\n\nMore.\n`),
  'lone dots': () => text(`${head}\n.\n..\n.\r\n.\n`),
  'a line of blanks in the header block': () => text(`${head} \nX-After: yes\n\nBody.\n`),
  'a line that is no field in the header block': () =>
    text(`${head}this is no field\nX-After: yes\n\nBody.\n`),
  'a field without a name': () => text(`${head}: nameless\n\nBody.\n`),
  'a name with blanks': () => text(`${head}X Name: value\n\nBody.\n`),
  'forged fields': () =>
    text(
      `X-DSPAM-Result: Innocent\n${head}x-dspam-probability: 0\n\t folded\nX-DSPAM-Signature : 1\n\nBody.\n`,
    ),
  'NUL bytes': () => text(`Sub\0ject: a\0b\n${head}\nBo\0dy\0\n\0\n`),
  'every byte': () => Buffer.concat([text(`${head}X-Bytes: `), everyByte(), text('\n\n'), everyByte()]),
  'raw bytes in every place': () => Buffer.concat([noise(64 * 1024, 1)]),
  'noise behind a header block': () => Buffer.concat([text(`${head}\n`), noise(512 * 1024, 2)]),
  'a header block over 1 MiB': () =>
    text(`${head}${lines(30_000, (i) => `X-Field-${i}: ${'v'.repeat(40)}\n`)}\nBody.\n`),
  'a header block over 1 MiB with forged fields': () =>
    text(
      `${head}${lines(30_000, (i) => `${i % 1000 === 0 ? 'X-DSPAM-Result' : 'X-Other'}: ${'v'.repeat(40)}\n`)}\nBody.\n`,
    ),
  'a field folded 40,000 times': () =>
    text(`${head}X-Long: a\n${'\tfolded more and more often\n'.repeat(40_000)}\nBody.\n`),
  'a line of 20 MB in the header block': () =>
    text(`${head}X-Long: ${'x'.repeat(20 * mebibyte)}\nX-After: yes\n\nBody.\n`),
  'a line of 20 MB in the body': () => text(`${head}\n${'y'.repeat(20 * mebibyte)}\nend\n`),
  'a line of 1 MB without a field': () => text('z'.repeat(mebibyte)),
  'a header block without an end': () => text(`${head}${'X-More: of the same\n'.repeat(20_000)}`.trimEnd()),
  '10,000 parts': () =>
    multipart(lines(10_000, (i) => `--b\nContent-Type: text/plain\n\npart ${i}\n`) + '--b--\n'),
  '10,000 empty parts': () => multipart('--b\n\n'.repeat(10_000) + '--b--\n'),
  '900 parts': () => multipart(lines(900, (i) => `--b\nContent-Type: text/plain\n\npart ${i}\n`) + '--b--\n'),
  'boundary after boundary': () => multipart('--b\n'.repeat(20_000)),
  'a last boundary, then more': () => multipart('--b\n\none\n--b--\n'.repeat(5_000)),
  'a boundary that never comes': () => multipart('one\ntwo\nthree\n'),
  'a boundary without its end': () =>
    multipart('--b\nContent-Type: text/plain\n\none\n--b\nContent-Type: text/html\n\n<p>two'),
  'an empty boundary': () => text(`${head}Content-Type: multipart/mixed; boundary=""\n\n--\n\none\n----\n`),
  'no boundary': () => text(`${head}Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n`),
  'a boundary of 10,000 characters': () =>
    text(
      `${head}Content-Type: multipart/mixed; boundary="${'b'.repeat(10_000)}"\n\n--${'b'.repeat(10_000)}\n\none\n`,
    ),
  'a boundary that begins another': () =>
    text(
      `${head}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bb--\n--b\n\ntwo\n--b--\n`,
    ),
  'a nesting of 200 multiparts': () => text(head + nested(200)),
  'a nesting of 200 messages': () =>
    text(`${head}Content-Type: message/rfc822\n\n`.repeat(200) + `${head}\nDeepest.\n`),
  'a nesting of 200 messages in digests': () =>
    text(`${head}Content-Type: multipart/digest; boundary=d\n\n--d\n\n`.repeat(200) + `${head}\nDeepest.\n`),
  'a nesting of messages in Base64': () => text(wrapped(8, `${head}\nDeepest.\n`)),
  'truncated Base64': () =>
    text(`${head}Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGVsbG8sIHdvcmxkIQ=\nSGVsb`),
  'Base64 of noise': () =>
    text(
      `${head}Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n${noise(300_000, 3).toString('base64')}\n`,
    ),
  'Base64 of padding': () => text(`${head}Content-Transfer-Encoding: base64\n\n${'='.repeat(200_000)}\n`),
  'quoted-printable of equals signs': () =>
    text(`${head}Content-Transfer-Encoding: quoted-printable\n\n${'='.repeat(200_000)}\n`),
  'quoted-printable of blanks': () =>
    text(`${head}Content-Transfer-Encoding: quoted-printable\n\n${`=${' '.repeat(500)}`.repeat(400)}\n`),
  'an unknown charset': () =>
    Buffer.concat([
      text(`${head}Content-Type: text/plain; charset="x-${'q'.repeat(5000)}"\n\n`),
      everyByte(),
    ]),
  'charsets that are names of objects': () =>
    multipart(
      lines(
        5,
        (i) =>
          `--b\nContent-Type: text/plain; charset=${['__proto__', 'constructor', 'toString', 'null', '../../x'][i] ?? ''}\n\n\xe4\xf6\n`,
      ),
    ),
  'words without an end': () => text(`Subject: ${'=?utf-8?B?'.repeat(10_000)}\n${head}\nBody.\n`),
  'words of nothing': () => text(`Subject: ${'=?utf-8?Q??= '.repeat(3_000)}\n${head}\nBody.\n`),
  'a file name in 1,000 pieces': () =>
    multipart(
      `--b\nContent-Type: text/plain\nContent-Disposition: attachment;\n${lines(1_000, (i) => ` filename*${i}*=%41;\n`)} x=y\n\none\n--b--\n`,
    ),
  'a Content-Type of semicolons': () =>
    text(`${head}Content-Type: text/plain${';'.repeat(100_000)}\n\nBody.\n`),
  'a Content-Type of quotes': () =>
    text(`${head}Content-Type: text/plain; charset="${'\\"'.repeat(50_000)}\n\nBody.\n`),
  'elements without an end': () => html('<div><b>'.repeat(60_000)),
  'ends without an element': () => html('</b></div>'.repeat(40_000)),
  'open brackets': () => html('<'.repeat(300_000)),
  'open comments': () => html('<!--'.repeat(80_000)),
  'open entities': () => html('&'.repeat(300_000)),
  'an element of 50,000 attributes': () => html(`<a ${lines(50_000, (i) => `a${i}=1 `)}>`),
  'a style sheet of braces': () => html(`<style>${'{'.repeat(150_000)}${'}'.repeat(150_000)}</style>text`),
  'a style sheet of 20,000 rules': () =>
    html(`<style>${lines(20_000, (i) => `.c${i}{display:none}`)}</style>${'<p class=c1>x'.repeat(1_000)}`),
  'tags without an end': () => text(`${head}\n${'!DSPAM:'.repeat(40_000)}`),
  'fields of signatures': () => text(`${head}\n${'X-DSPAM-Signature: '.repeat(15_000)}`),
  'marks of no width': () => text(`${head}\n${'a\u200b'.repeat(60_000)}${'\u200b'.repeat(60_000)}`),
  'marks over one letter': () => text(`${head}\na${'\u0301'.repeat(120_000)}`),
  'one long word of two scripts': () => text(`${head}\n${'a\u0430'.repeat(80_000)}`),
  'ligatures that grow': () => text(`${head}\n${'\ufdfa'.repeat(60_000)}`),
};

/** Characters up to U+00FF become that byte; others UTF-8. */
function text(message: string): Buffer {
  return Buffer.from(message, /[^\0-\xff]/.test(message) ? 'utf8' : 'latin1');
}

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('');
}

function multipart(body: string): Buffer {
  return text(`${head}Content-Type: multipart/mixed; boundary=b\n\n${body}`);
}

function html(body: string): Buffer {
  return text(`${head}Content-Type: text/html; charset=utf-8\n\n<html><body>${body}`);
}

/** Multiparts within multiparts: a header, and a body with the next one. */
function nested(depth: number): string {
  let message = 'Content-Type: text/plain\n\nDeepest.\n';
  for (let i = 0; i < depth; i++) {
    message = `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n${message}--b${i}--\n`;
  }
  return message;
}

function wrapped(depth: number, message: string): string {
  let outer = message;
  for (let i = 0; i < depth; i++) {
    const body = Buffer.from(outer).toString('base64');
    outer = `${head}Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n${body}\n`;
  }
  return outer;
}

function everyByte(): Buffer {
  return Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
}

/** Bytes without any order, the same at every run (a linear congruential generator; its upper bits). */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
