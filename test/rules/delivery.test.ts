/**
 * Rules of every combination of options and with names that try to be commands, run by the real maildrop, procmail and shell: each
 * message is stored once, and nothing else is done.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maildropQuote, procmailQuote } from '../../src/rules/quote.ts';
import { folderPath } from '../../src/rules/folder.ts';
import type { RuleOptions } from '../../src/rules/options.ts';
import { hosts, ruleText } from '../../src/rules/rules.ts';
import { makeMaildir, messagesIn, run, script, workFolder } from '../e2e/site.ts';
import { describeWith } from '../peers.ts';
import { anyOptions, hostileName, hostileValue } from './hostile.ts';

const work = workFolder('tamis-rules-');
let places = 0;

function place(): string {
  const folder = join(work, String(++places));
  mkdirSync(folder);
  return folder;
}

/** A program that judges mail that is all header, and notes its arguments. */
function judge(path: string, probability: string, confidence = probability): string {
  return script(
    path,
    `printf '%s\\0' "$@" >'${work}/arguments'; cat; printf 'X-DSPAM-Result: Spam\\nX-DSPAM-Confidence: ${confidence}\\nX-DSPAM-Probability: ${probability}\\n'`,
  );
}

/** The arguments that the last program got. */
function lastArguments(): string[] {
  return readFileSync(join(work, 'arguments'), 'utf8').split('\0');
}

/** No command in a name was obeyed, wherever that would have been done. */
function untrapped(folder: string): void {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  expect(found.filter((name) => name.split('/').includes('trap'))).toEqual([]);
  expect(existsSync('trap')).toBe(false);
}

describeWith(['maildrop', 'procmail'], (maildrop, procmail) => {
  const programs = { maildrop, procmail } as const;
  const quotes = { maildrop: maildropQuote, procmail: procmailQuote } as const;
  const inbox = { maildrop: 'to "$TAMIS_MAILDIR"', procmail: ':0 r\n"$TAMIS_MAILDIR/"' } as const;

  interface Case {
    readonly options: Omit<RuleOptions, 'program'>;
    readonly name: string;
    readonly figure: number;
    readonly surely: number;
  }

  const cases: fc.Arbitrary<Case> = fc.record({
    options: anyOptions,
    name: hostileName,
    figure: fc.integer({ min: 0, max: 10_000 }),
    surely: fc.integer({ min: 0, max: 10_000 }),
  });

  test.each(['maildrop', 'procmail'] as const)('%s runs the rule of every combination of options', (host) => {
    let ran = 0;
    fc.assert(
      fc.property(cases, ({ options, name, figure, surely }) => {
        const folder = place();
        const probability = (figure / 10_000).toFixed(4);
        const confidence = (surely / 10_000).toFixed(4);
        const judging = judge(join(folder, `p${name}`), probability, confidence);
        const { markRead, ...rest } = options;
        const asked: RuleOptions = {
          ...rest,
          ...(hosts[host]?.can.markRead === true ? { markRead } : {}),
          program: [judging],
        };
        let text: string;
        try {
          text = ruleText(host, asked);
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' });
          return;
        }
        ran += 1;
        const maildir = makeMaildir(join(folder, 'Maildir'));
        const file = join(folder, 'rules');
        writeFileSync(file, `TAMIS_MAILDIR="${maildir}"\n${text}\n${inbox[host]}\n`, { mode: 0o600 });
        const message = join(folder, 'message');
        const before = options.via === 'lmtp' ? `X-DSPAM-Result: Spam\nX-DSPAM-Confidence: ${confidence}\nX-DSPAM-Probability: ${probability}\n` : '';
        writeFileSync(message, `From: a@example.org\nSubject: x\nX-Other: x\n${before}`);
        const ended = run([programs[host], file], { stdin: message, cwd: folder });
        const context = `${host} ${JSON.stringify(asked)}: ${ended.stderr}`;
        expect(ended.status, context).toBe(0);
        const { discardAbove, tagAbove, minConfidence = 0, whitelist = [], user } = options;
        const reaches = (one: number, limit: number | undefined): boolean => limit !== undefined && one >= Math.round(limit * 10_000);
        const trusted = whitelist.some((one) => 'a@example.org'.endsWith(one));
        const sure = !trusted && reaches(surely, minConfidence);
        const gone = sure && reaches(figure, discardAbove);
        const filed = messagesIn(maildir, folderPath(asked));
        const kept = messagesIn(maildir);
        expect([filed.length, kept.length], context).toEqual([sure && !gone ? 1 : 0, sure ? 0 : 1]);
        const tags = [...filed, ...kept].join('').split('[Spam?]').length - 1;
        expect(tags, context).toBe(!gone && !trusted && (!sure || reaches(figure, tagAbove)) ? 1 : 0);
        if (user !== undefined && options.via !== 'lmtp') {
          expect(lastArguments()).toContain(`${options.via === 'spamc' ? '--username' : '--user'}=${user}`);
        }
        untrapped(folder);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 150 },
    );
    expect(ran).toBeGreaterThan(60);
  });

  test.each(['maildrop', 'procmail'] as const)('%s trusts a sender on the whitelist, and nobody who only says that name', (host) => {
    const whitelist = ['boss@example.org', '@example.net'];
    const froms: readonly (readonly [string, boolean])[] = [
      ['boss@example.org', true],
      ['The Boss <BOSS@example.org>', true],
      ['"The, Boss" <boss@example.org> ', true],
      ['\n <joe@example.net>', true],
      ['<joe@example.net.evil.example>', false],
      ['<boss@exampleXorg>', false],
      ['<xboss@example.org>', false],
      ['"boss@example.org" <spam@evil.example>', false],
      ['"<boss@example.org>" <spam@evil.example>', false],
      ['boss@example.org <spam@evil.example>', false],
      ['spam@evil.example, boss@example.org', false],
      ['<spam@evil.example>, <boss@example.org>', false],
      ['<spam@evil.example@example.net>', false],
    ];
    for (const [from, trusted] of froms) {
      const folder = place();
      const maildir = makeMaildir(join(folder, 'Maildir'));
      const file = join(folder, 'rules');
      const text = ruleText(host, { program: [judge(join(folder, 'judge'), '1.0000')], whitelist });
      writeFileSync(file, `TAMIS_MAILDIR="${maildir}"\n${text}\n${inbox[host]}\n`, { mode: 0o600 });
      const message = join(folder, 'message');
      writeFileSync(message, `Subject: x\nFrom: ${from}\nX-Other: x\n`);
      expect(run([programs[host], file], { stdin: message, cwd: folder }).status).toBe(0);
      expect([messagesIn(maildir).length, messagesIn(maildir, '.Spam').length], from).toEqual(trusted ? [1, 0] : [0, 1]);
    }
  });

  test.each(['maildrop', 'procmail'] as const)(
    "%s takes a user and a Maildir from the host's variables, whatever they hold",
    (host) => {
      fc.assert(
        fc.property(hostileValue, hostileName, (user, name) => {
          const folder = place();
          const maildir = makeMaildir(join(folder, `M${name}`));
          const file = join(folder, 'rules');
          const judging = judge(join(folder, 'judge'), '1.0000');
          const imported = host === 'maildrop' ? 'import TAMIS_USER\n' : '';
          const assigned = `TAMIS_MAILDIR=${quotes[host](maildir)}\n`;
          writeFileSync(
            file,
            `${imported}${assigned}${ruleText(host, { program: [judging] })}\n${inbox[host]}\n`,
            { mode: 0o600 },
          );
          const message = join(folder, 'message');
          writeFileSync(message, 'From: a@example.org\nSubject: x\nX-Other: x\n');
          const words = host === 'procmail' ? ['-p', file] : [file];
          const { status, stderr } = run([programs[host], ...words], {
            stdin: message,
            cwd: folder,
            env: { TAMIS_USER: user },
          });
          expect(status, stderr).toBe(0);
          expect(messagesIn(maildir, '.Spam'), stderr).toHaveLength(1);
          expect(lastArguments(), stderr).toContain(`--user=${user}`);
          untrapped(folder);
          rmSync(folder, { recursive: true });
        }),
        { numRuns: 30 },
      );
    },
  );
});

/** As the shell gives what a command prints. */
function withoutLineEnds(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end -= 1;
  return text.slice(0, end);
}

/** A word as Exim reads it between double quotes; it expands nothing between \N and \N. */
function eximWord(text: string): string {
  const line = text.split('\n').find((one) => one.startsWith('  command = ')) ?? '';
  const [before, after] = ['  command = /bin/sh -c "', '" $exim_path'];
  expect([line.slice(0, before.length), line.slice(-after.length)]).toEqual([before, after]);
  const word = line.slice(before.length, -after.length).replace(/\\(.)/g, '$1');
  expect([word.slice(0, 2), word.slice(-2)]).toEqual(['\\N', '\\N']);
  expect(word.slice(2, -2)).not.toContain('\\N');
  return word.slice(2, -2);
}

/** A word as pipe(8) reads it between braces. */
function postfixWord(text: string): string {
  const line = text.split('\n').find((one) => one.startsWith('  argv=')) ?? '';
  const [before, after] = ['  argv=/bin/sh -c { ', ' } tamis ${sender} ${recipient}'];
  expect([line.slice(0, before.length), line.slice(-after.length)]).toEqual([before, after]);
  const word = line.slice(before.length, -after.length);
  expect(word.replaceAll('$$', '')).not.toContain('$');
  return word.replaceAll('$$', '$');
}

describe('the command of Postfix and Exim, read as they read it and run by a shell', () => {
  const readers = { postfix: postfixWord, exim: eximWord } as const;
  const submit = { postfix: '/usr/sbin/sendmail', exim: '"$0"' } as const;

  test.each(['postfix', 'exim'] as const)('%s hands on one whole message, or defers', (host) => {
    const text = fc.constantFrom(
      'cat; printf "X-DSPAM-Result: Spam\\n"',
      'cat >/dev/null; exit 1',
      'exit 100',
      'cat >/dev/null',
      'head -c 5',
      'head -c 5; kill -9 $$',
      'cat',
    );
    const addresses = hostileValue.map((word) => `x${word}@example.org`);
    fc.assert(
      fc.property(text, fc.boolean(), hostileName, addresses, (filter, defer, name, address) => {
        const folder = place();
        const program = script(join(folder, `p${name}`), filter);
        let line: string;
        try {
          line = ruleText(host, { program: [program], ...(defer ? { onFailure: 'defer' } : {}) });
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' });
          return;
        }
        const sendmail = script(join(folder, 'sendmail'), `printf '%s\\0' "$@" >'${folder}/words'; cat >>'${folder}/out'`);
        const command = readers[host](line).replaceAll(submit[host], () => sendmail);
        const message = join(folder, 'message');
        writeFileSync(message, 'Subject: x\nX-DSPAM-Result:\n Innocent\nX-Other: x\n');
        const local = address.slice(0, -'@example.org'.length);
        const { status, stderr } = run(['/bin/sh', '-c', command, 'tamis', 'sender@example.net', address], {
          stdin: message,
          cwd: folder,
          env: { SENDER: 'sender@example.net', RECIPIENT: address, LOCAL_PART: local, DOMAIN: 'example.org' },
        });
        const judged = filter.startsWith('cat; printf');
        const out = join(folder, 'out');
        const sent = existsSync(out) ? readFileSync(out, 'utf8') : undefined;
        const plain = 'Subject: x\nX-Other: x\n';
        expect(status, stderr).toBe(judged || !defer ? 0 : 75);
        expect(sent, stderr).toBe(judged ? `${plain}X-DSPAM-Result: Spam\n` : defer ? undefined : plain);
        if (sent !== undefined) {
          // Exim reads its words as lists of addresses.
          const recipient = host === 'exim' ? `"${withoutLineEnds(local).replace(/["\\]/g, '\\$&')}"@example.org` : address;
          expect(readFileSync(join(folder, 'words'), 'utf8').split('\0').slice(-5)).toEqual(['-f', 'sender@example.net', '--', recipient, '']);
        }
        untrapped(folder);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 40 },
    );
  });

  test.each(['postfix', 'exim'] as const)('%s tries again later what cannot be handed on', (host) => {
    const folder = place();
    const judging = judge(join(folder, 'judge'), '1.0000');
    const sendmail = script(join(folder, 'sendmail'), 'cat >/dev/null; exit 64');
    const command = readers[host](ruleText(host, { program: [judging] })).replaceAll(submit[host], sendmail);
    const message = join(folder, 'message');
    writeFileSync(message, 'Subject: x\n');
    expect(run(['/bin/sh', '-c', command, 'tamis', 'a', 'b'], { stdin: message, cwd: folder }).status).toBe(75);
  });
});
