/** What is done with each kind of line, and that it is undone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LineOptions } from '../../src/qmail/command.ts';
import { lineKind, programKind } from '../../src/qmail/line.ts';
import { disabled, enabled, states } from '../../src/qmail/rewrite.ts';
import { context, options } from './options.ts';

const tamis = '|/usr/bin/node /usr/local/bin/tamis --user="$EXT@$HOST"';
const linesOf = (content: string, more: Partial<LineOptions> = {}, executable = false): string[] =>
  enabled(content, { ...context, executable }, { ...options, ...more }).split('\n');

describe('kinds', () => {
  test.each([
    ['# a', 'comment'],
    ['|a', 'program'],
    ['&a@b', 'forward'],
    ['a@b', 'forward'],
    ['./Mailbox', 'mbox'],
    ['/var/mail/joe', 'mbox'],
    ['./Maildir/', 'maildir'],
    ['./Maildir/ \t', 'maildir'],
    ['', 'empty'],
    [' ', 'empty'],
    ['+list', 'list'],
  ])('%j is %s', (line, kind) => {
    expect(lineKind(line)).toBe(kind);
  });

  test.each([
    ["|/home/vpopmail/bin/vdelivermail '' delete", 'deliverer'],
    ['| preline -f /usr/bin/maildrop ./.mailfilter', 'deliverer'],
    ['|exec /opt/unknown', 'deliverer'],
    ["|/var/qmail/bin/bouncesaying 'No.' grep -q x", 'guard'],
    ['|except grep x', 'guard'],
    ['|condredirect a@b test -f away', 'guard'],
    ['|[ -f away ] && exit 99', 'guard'],
    ['|autorespond 10000 5 text dir', 'guard'],
    ['|/var/qmail/bin/forward a@b', 'forwarder'],
    ["|/usr/bin/ezmlm/ezmlm-send '/home/list'", 'list'],
    ['|/usr/bin/node /opt/tamis/dist/tamis.js --user x', 'filter'],
    ["|/usr/local/bin/dspamc --deliver=stdout | vdelivermail '' delete", 'filter'],
    ['|', 'guard'],
  ])('%j is a %s', (line, kind) => {
    expect(programKind(line)).toBe(kind);
  });
});

describe('rewriting', () => {
  test('runs the deliverer, and keeps the line as a counted comment', () => {
    const line = "| /home/vpopmail/bin/vdelivermail '' bounce-no-mailbox";
    expect(linesOf(`# domain\n${line}\n`)).toEqual([
      '# domain',
      `${tamis} --deliver=exec -- /home/vpopmail/bin/vdelivermail '' bounce-no-mailbox`,
      `#tamis 1/1 ${line}`,
      '',
    ]);
  });

  test('gives what only a shell can run to a shell', () => {
    expect(linesOf("|cd /tmp && ./x 'y'")[0]).toBe(
      `${tamis} --deliver=exec -- /bin/sh -c 'cd /tmp && ./x '\\''y'\\'''`,
    );
    expect(linesOf('|A=b /opt/x')[0]).toBe(`${tamis} --deliver=exec -- /bin/sh -c 'A=b /opt/x'`);
    expect(linesOf('|/opt/x "$EXT"')[0]).toBe(`${tamis} --deliver=exec -- /opt/x "$EXT"`);
  });

  test('writes a plain pipe on request', () => {
    expect(linesOf('|/opt/x', { pipe: true })[0]).toBe(`${tamis} --deliver=stdout | /opt/x`);
    expect(linesOf('|/opt/x; y', { pipe: true })[0]).toBe(`${tamis} --deliver=stdout | { /opt/x; y; }`);
  });

  test('runs maildrop where a folder is named', () => {
    expect(linesOf("|/opt/x 'y'", { folder: 'Späm/$(x)' })[0]).toBe(
      `${tamis} --deliver=exec -- /usr/bin/maildrop ${options.rule} '.Sp&AOQ-m.$(x)' '|/opt/x '\\''y'\\'''`,
    );
  });

  test('leaves guards, comments, filters and forwards alone', () => {
    const content = "# x\n|bouncesaying 'a' false\n&a@b\nc@d\n|forward e@f\n|dspamc | x\n|ezmlm-send d\n";
    expect(enabled(content, context, options)).toBe(content);
  });

  test('sends forwards that follow each other with one program, if told to', () => {
    expect(linesOf('&a@b\nc@d\n# x\n&e@f', { forwards: true })).toEqual([
      `${tamis} --deliver=exec -- forward 'a@b' 'c@d'`,
      '#tamis 1/2 &a@b',
      '#tamis 2/2 c@d',
      '# x',
      `${tamis} --deliver=exec -- forward 'e@f'`,
      '#tamis 1/1 &e@f',
    ]);
  });

  test('leaves alone what qmail only forwards', () => {
    expect(linesOf('+list\n|x\n&a@b', { forwards: true })).toEqual(['+list', '|x', '&a@b']);
    expect(linesOf('./Maildir/\n&a@b', { forwards: true }, true)).toEqual(['./Maildir/', '&a@b']);
  });

  test('leaves alone what would be longer than vdelivermail reads', () => {
    for (const length of [380, 420, 480, 520]) {
      const line = `|/opt/${'x'.repeat(length)}`;
      const written = linesOf(line);
      for (const one of written) expect(one === line || one.length <= 499).toBe(true);
      expect(written.length).toBe(length < 430 ? 2 : 1);
    }
  });

  test('follows other options, and what was edited by hand since', () => {
    const first = enabled('|/opt/x\n', context, options);
    expect(enabled(first, context, { ...options, pipe: true })).toBe(
      enabled('|/opt/x\n', context, { ...options, pipe: true }),
    );
    expect(disabled(`# new\n${first}&a@b\n`)).toBe('# new\n|/opt/x\n&a@b\n');
  });

  test('takes no comment for a mark that is not whole', () => {
    for (const content of ['|x\n#tamis 1/2 y\n#tamis 2/3 z\n', '#tamis 1/1 x\n', '&a@b\n#tamis 1/1 x']) {
      expect(disabled(content)).toBe(content);
    }
  });
});

test('states say what is filtered and why the rest is not', () => {
  const content = enabled('|/opt/x\n&a@b\n./Maildir/\n', context, options);
  expect(states(content, context, options)).toMatchObject([
    { line: '|/opt/x', kind: 'program', filtered: true, note: undefined },
    { line: '&a@b', kind: 'forward', filtered: false, note: expect.stringContaining('forward') as string },
    { line: './Maildir/', kind: 'maildir', filtered: true, note: undefined },
    { line: '', kind: 'empty', filtered: false, note: undefined },
  ]);
});

test('disabled(enabled(x)) is x, and enabled twice is enabled once, for any bytes', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '|',
      '|/opt/vdelivermail ',
      '|preline -f maildrop ',
      '&a@b',
      './Maildir/',
      './Mbox',
      '#',
      '#tamis 1/2 ',
      '\n',
      '\n\n',
      '+list\n',
      '\r\n',
      '\0',
      "'",
      '$(x)',
      ' ',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.integer({ min: 300, max: 520 }).map((length) => 'y'.repeat(length)),
  );
  const content = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''));
  const some = fc.record({
    program: fc.constant(options.program),
    rule: fc.constant(options.rule),
    folder: fc.constantFrom(undefined, 'Spam', "a b'$(x)"),
    forwards: fc.boolean(),
    pipe: fc.boolean(),
  });
  fc.assert(
    fc.property(content, fc.boolean(), some, (bytes, executable, chosen) => {
      const where = { ...context, executable };
      const once = enabled(bytes, where, chosen);
      expect(disabled(once)).toBe(bytes);
      expect(enabled(once, where, chosen)).toBe(once);
      for (const line of once.split('\n')) {
        if (line.includes('tamis --user')) expect(line.length).toBeLessThan(500);
      }
    }),
    { numRuns: 3000 },
  );
});
