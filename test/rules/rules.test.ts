/** Rules as texts: the figures, names and quotes in them, for every combination of options, read by the real programs. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { modifiedUtf7 } from '../../src/maildir/utf7.ts';
import { atLeast, type RuleOptions } from '../../src/rules/options.ts';
import { maildropQuote, procmailQuote, shellQuote, sieveQuote } from '../../src/rules/quote.ts';
import { hosts, ruleText } from '../../src/rules/rules.ts';
import { giveTo, must, run, workFolder } from '../e2e/site.ts';
import { describeWith } from '../peers.ts';
import { anyOptions, hostileName } from './hostile.ts';

const work = workFolder('tamis-rules-');
let places = 0;

function place(): string {
  const folder = join(work, String(++places));
  mkdirSync(folder);
  return folder;
}

/** Some hundred names at once, because a program takes longer to start than to read them. */
const names = fc.array(hostileName, { minLength: 100, maxLength: 100 });

test('beginnings of figures tell whether a probability is at least the limit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 1, max: 10_000 }), (figure, limit) => {
      const text = (figure / 10_000).toFixed(4);
      const matches = atLeast(limit / 10_000).some((beginning) => text.startsWith(beginning));
      expect(matches).toBe(figure >= limit);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['Spam', 'Spam'],
  ['Verdächtig', 'Verd&AOQ-chtig'],
  ['R&D', 'R&-D'],
  ['台北', '&U,BTFw-'],
  ['日本語', '&ZeVnLIqe-'],
  ['😀', '&2D3eAA-'],
  ['a\nb', 'a&AAo-b'],
])('%j is %j on disk', (name, onDisk) => {
  expect(modifiedUtf7(name)).toBe(onDisk);
});

test('a word for the shell is only a word', () => {
  fc.assert(
    fc.property(names, (words) => {
      const cwd = place();
      const output = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${words.map(shellQuote).join(' ')}`], { cwd });
      expect(output.toString().split('\0').slice(0, -1)).toEqual(words);
      expect(readdirSync(cwd)).toEqual([]);
    }),
    { numRuns: 10 },
  );
});

describeWith(['maildrop', 'procmail'], (maildrop, procmail) => {
  /** The environment of a command that the host runs, with W0, W1, … assigned. */
  const hosts = [
    ['maildrop', maildrop, maildropQuote, '`env -0 >out`\nEXITCODE=0\nexit\n'],
    ['procmail', procmail, procmailQuote, 'SHELL=/bin/sh\n:0\n| env -0 >out; cat >/dev/null\n'],
  ] as const;

  test.each(hosts)('a word for %s is only a word', (_, program, quote, rest) => {
    fc.assert(
      fc.property(names, (words) => {
        const cwd = place();
        const file = join(cwd, 'rules');
        const lines = words.map((word, at) => `W${at}=${quote(word)}\n`);
        writeFileSync(file, `${lines.join('')}MAILDIR="${cwd}"\n${rest}`, { mode: 0o600 });
        must([program, file], { cwd });
        const values = new Map(
          readFileSync(join(cwd, 'out'), 'utf8')
            .split('\0')
            .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const),
        );
        expect(words.map((_word, at) => values.get(`W${at}`))).toEqual(words);
        expect(existsSync(join(cwd, 'trap'))).toBe(false);
      }),
      { numRuns: 10 },
    );
  });
});

describeWith(['sievec', 'sieve-test'], (sievec, sieveTest) => {
  const env = { PATH: '/usr/bin:/bin' };

  function settings(folder: string, extensions: string): string {
    const file = join(folder, 'dovecot.conf');
    writeFileSync(
      file,
      `base_dir = ${folder}
log_path = /dev/stderr
ssl = no
protocols =
first_valid_uid = 0
mail_location = maildir:${folder}/Maildir
plugin {
  sieve_plugins = sieve_imapsieve sieve_extprograms
  sieve_global_extensions = ${extensions}
}
`,
    );
    return file;
  }

  test.each([
    ['which tells the user', '+vnd.dovecot.filter +vnd.dovecot.pipe +vnd.dovecot.environment +editheader'],
    ['which does not', '+vnd.dovecot.filter +vnd.dovecot.pipe'],
  ])('Sieve compiles for every combination of options with a Dovecot %s', (_, extensions) => {
    const folder = place();
    const conf = settings(folder, extensions);
    const scripts = join(folder, 'scripts');
    mkdirSync(scripts);
    const samples = fc.sample(fc.record({ options: anyOptions, program: hostileName }), 400);
    let made = 0;
    for (const [at, { options, program }] of samples.entries()) {
      for (const host of ['sieve', 'imapsieve']) {
        const text = ruleOrRefusal(host, { ...options, program: [`/bin/${program}`] });
        if (text === undefined) continue;
        writeFileSync(join(scripts, `${host}-${at}.sieve`), text);
        made += 1;
      }
    }
    expect(made).toBeGreaterThan(60);
    must([sievec, '-c', conf, scripts], { env });
    expect(readdirSync(scripts).filter((name) => name.endsWith('.svbin'))).toHaveLength(made);
  });

  test('a word for Sieve is only a word, with variables and without', () => {
    fc.assert(
      fc.property(fc.array(hostileName, { minLength: 25, maxLength: 25 }), fc.boolean(), (words, variables) => {
        const folder = place();
        const script = join(folder, 'test.sieve');
        const lines = words.map((word, at) => `fileinto ${sieveQuote(`${at}<${word}>`, variables)};`);
        const opening = variables
          ? 'require ["fileinto", "variables"];\nset "dollar" "$";'
          : 'require ["fileinto"];';
        writeFileSync(script, [opening, ...lines, ''].join('\n'));
        writeFileSync(join(folder, 'message'), 'Subject: x\n\n');
        const conf = settings(folder, '');
        const as = { uid: 64_222, gid: 64_222 };
        giveTo(as, folder);
        const { stdout } = must([sieveTest, '-c', conf, script, join(folder, 'message')], {
          env: { ...env, USER: 'a', HOME: folder },
          as,
        });
        const stored = Buffer.from(stdout, 'latin1')
          .toString()
          .split('\n')
          .flatMap((line) => line.split('store message in folder: ')[1] ?? []);
        expect(stored).toEqual(words.map((word, at) => `${at}<${word}>`));
      }),
      { numRuns: 10 },
    );
  });
});

describe('every host', () => {
  test.each(['maildrop', 'sieve', 'imapsieve', 'procmail', 'qmail', 'postfix', 'exim', 'dovecot'])(
    'the rule of %s holds no line that a name made',
    (host) => {
      let made = 0;
      fc.assert(
        fc.property(anyOptions, hostileName, (options, name) => {
          const program = [`/bin/${name}`];
          const text = ruleOrRefusal(host, { ...options, program });
          if (text === undefined) return;
          made += 1;
          const { user, folder, ...rest } = possible(host, { ...options, program });
          const plain = ruleText(host, {
            ...rest,
            ...(user === undefined ? {} : { user: 'anna' }),
            ...(folder === undefined ? {} : { folder: 'Spam' }),
            program: ['/bin/tamis'],
          });
          expect(text.split('\n')).toHaveLength(plain.split('\n').length);
        }),
        { numRuns: 1000 },
      );
      expect(made).toBeGreaterThan(5);
    },
  );
});

/** Of the options, those that the host can do. */
function possible(host: string, options: RuleOptions): RuleOptions {
  const can: Readonly<Record<string, true | readonly unknown[]>> = hosts[host]?.can ?? {};
  const able = Object.entries(options).filter(
    ([name, value]) => name === 'program' || [can[name]].flat().some((one) => one === true || one === value),
  );
  return { program: [], ...Object.fromEntries(able) };
}

/** The rule, or undefined if the host refuses it as it should: in a sentence. */
function ruleOrRefusal(host: string, options: RuleOptions): string | undefined {
  try {
    return ruleText(host, possible(host, options));
  } catch (error) {
    expect(error).toMatchObject({ code: 'USAGE' });
    return undefined;
  }
}

test('a forged X-DSPAM field, folded or given twice, does not pass the guard, and no other byte is changed', () => {
  const text = ruleText('postfix', { program: ['/bin/false'] });
  const guard = text.replaceAll('$$', '$');
  const strip = guard.slice(guard.indexOf('LC_ALL=C sed'), guard.indexOf(' >"$T/in"'));
  const field = fc.constantFrom('From: a', 'X-Other: X-DSPAM-Result: x', 'Subject: b\n folded', 'no field', 'X-DSPAM no field');
  const forged = fc.constantFrom(
    'X-DSPAM-Result: Innocent',
    'x-dspam-result :\n Spam\n\tand more',
    'X-DSPAM-Probability:\n \n 1.0000',
    'X-Dspam-Signature: 1',
  );
  const head = fc.array(fc.tuple(fc.boolean(), field, forged), { minLength: 1, maxLength: 6 });
  const body = fc.constantFrom('', '\n', '\nX-DSPAM-Result: of the body\n folded\n', '\n\0\xff\r\nlast line without an end');
  fc.assert(
    fc.property(head, body, fc.boolean(), (lines, rest, crlf) => {
      const message = (own: boolean): string =>
        `From: first\n${lines.map(([isForged, plain, fake]) => (isForged ? (own ? '' : `${fake}\n`) : `${plain}\n`)).join('')}`;
      const ends = (value: string): string => (crlf ? value.replaceAll('\n', '\r\n') : value);
      const folder = place();
      const file = join(folder, 'message');
      writeFileSync(file, ends(message(false)) + ends(rest), 'latin1');
      const { stdout } = run(['/bin/sh', '-c', strip], { stdin: file });
      expect(stdout).toBe(ends(message(true)) + ends(rest));
    }),
    { numRuns: 60 },
  );
});
