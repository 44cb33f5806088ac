/**
 * The lines that `tamis qmail` writes, run as qmail-local runs them: by `/bin/sh -c`, in the directory, with the message as a
 * seekable stdin, its exit status read by qmail-command(8); with the built filter and the real maildrop.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../peers.ts';
import {
  emptyConfig,
  judgement,
  makeMaildir,
  messageOf,
  messagesIn,
  must,
  node,
  rule,
  run,
  sample,
  script,
  tamis,
  taughtHome,
  withoutJudgement,
  workFolder,
  type Ended,
} from './site.ts';

const bounced = [64, 65, 70, 76, 77, 78, 100, 112];

describeWith(['maildrop', 'maildirmake'], () => {
  const work = workFolder();
  let home: string;
  let places = 0;

  beforeAll(() => {
    home = taughtHome(work, 'joe@example.org');
  });

  interface Site {
    /** A vpopmail domain with the user joe. */
    readonly domain: string;
    readonly joe: string;
    readonly deliverer: string;
    readonly tamis: (...args: string[]) => Ended;
    readonly write: (name: string, ...lines: string[]) => void;
    readonly read: (name: string) => string;
    /** Runs the program lines of a file until one says otherwise. */
    readonly deliver: (name: string, message: string, env?: Record<string, string>) => string;
  }

  function site(): Site {
    const domain = join(work, `it's ${++places}`);
    mkdirSync(domain);
    const joe = makeMaildir(join(domain, 'joe/Maildir'));
    // Puts the mail of joe into his Maildir and bounces all other; argues with a number to end with.
    const deliverer = script(
      join(domain, 'vdelivermail'),
      // It reads the message in any case: maildrop would defer what it cannot write.
      `test "$1" = fail && cat >/dev/null && exit "$2"
test "$EXT" = joe || { cat >/dev/null; exit 100; }
t='${quoted(joe)}/tmp/'$$
cat >"$t" && mv "$t" '${quoted(joe)}/new/'$$`,
    );
    const env = {
      PATH: '/usr/bin:/bin',
      TAMIS_HOME: home,
      TAMIS_CONFIG: emptyConfig(work),
    };
    const read = (name: string): string => readFileSync(join(domain, name), 'utf8');
    return {
      domain,
      joe,
      deliverer: `'${quoted(deliverer)}'`,
      read,
      tamis: (...args) => run([node, tamis, 'qmail', ...args], { env }),
      write: (name, ...lines) => {
        writeFileSync(join(domain, name), lines.map((line) => `${line}\n`).join(''));
        chmodSync(join(domain, name), 0o644);
      },
      deliver: (name, message, more = {}) => {
        const surroundings = {
          ...env,
          USER: 'vpopmail',
          HOME: domain,
          EXT: 'joe',
          HOST: 'example.org',
          RPLINE: 'Return-Path: <sender@example.net>\n',
          DTLINE: 'Delivered-To: example.org-joe@example.org\n',
          UFLINE: 'From sender@example.net Mon Nov 03 08:12:09 2025\n',
          ...more,
        };
        for (const line of read(name).split('\n')) {
          if (!line.startsWith('|')) continue;
          const { status } = run(['/bin/sh', '-c', line.slice(1)], {
            stdin: message,
            cwd: domain,
            env: surroundings,
          });
          if (status === 99) break;
          if (status !== 0) return bounced.includes(status ?? 111) ? 'bounced' : 'deferred';
        }
        return 'done';
      },
    };
  }

  /** A path for the inside of single quotes. */
  function quoted(path: string): string {
    return path.replaceAll("'", `'\\''`);
  }

  test('enable shows a diff, disable gives everything back', () => {
    const { domain, deliverer, tamis, write, read } = site();
    write('.qmail-default', '# the domain', `|${deliverer} '' delete`);
    write('.qmail-list', '&kim@example.org');
    const before = read('.qmail-default');
    const dry = tamis('enable', domain, '--dry-run');
    expect(read('.qmail-default')).toBe(before);
    const { status, stdout, stderr } = tamis('enable', domain);
    expect(stdout).toBe(dry.stdout);
    expect(status).toBe(0);
    expect(stdout).toContain(`-|${deliverer} '' delete`);
    expect(stdout).toMatch(/^\+\|.*--deliver=exec -- /m);
    expect(stderr).toMatch(/\.qmail-list: left as it is: &kim@example\.org \(a forward/);
    expect(read('.qmail-list')).toBe('&kim@example.org\n');
    expect(tamis('enable', domain)).toMatchObject({ status: 0, stdout: '' });
    const told = JSON.parse(tamis('status', domain, '--json').stdout) as unknown;
    expect(told).toMatchObject([
      { lines: [{ kind: 'program', filtered: true }] },
      { lines: [{ kind: 'forward', filtered: false }] },
    ]);
    expect(tamis('status', domain).stdout).toContain(`filtered         |${deliverer} '' delete`);
    expect(tamis('disable', domain).stdout).toContain(`+|${deliverer} '' delete`);
    expect(read('.qmail-default')).toBe(before);
    expect(readdirSync(domain).sort()).toEqual(['.qmail-default', '.qmail-list', 'joe', 'vdelivermail']);
  });

  test('the domain is found by vdominfo', () => {
    const { domain, deliverer, write, read } = site();
    write('.qmail-default', `|${deliverer} '' delete`);
    const bin = join(domain, 'bin');
    mkdirSync(bin);
    script(join(bin, 'vdominfo'), `test "$1 $2" = '-d example.org' && echo '${quoted(domain)}'`);
    const env = { PATH: `${bin}:/usr/bin:/bin`, TAMIS_HOME: home, TAMIS_CONFIG: emptyConfig(work) };
    const line = [node, tamis, 'qmail', 'enable', '--vpopmail-domain'];
    must([...line, 'example.org'], { env });
    expect(read('.qmail-default')).toContain('--deliver=exec');
    expect(run([...line, 'example.net'], { env }).status).toBe(66);
    expect(run([...line, '../x'], { env }).status).toBe(64);
    expect(run([...line.slice(0, 4)], { env }).status).toBe(64);
  });

  describe.each([[[]], [['--pipe']]])('with %j', (flags) => {
    test.each(['spam-1', 'spam-2', 'ham-1', 'ham-3'] as const)('%s is judged and delivered whole', (name) => {
      const { domain, joe, deliverer, tamis, write, deliver } = site();
      write('.qmail-default', `|${deliverer} '' delete`);
      tamis('enable', domain, ...flags);
      expect(deliver('.qmail-default', sample(name))).toBe('done');
      const [message = '', ...more] = messagesIn(joe);
      expect(more).toEqual([]);
      expect(judgement(message)).toContain(
        `X-DSPAM-Result: ${name.startsWith('spam') ? 'Spam' : 'Innocent'}`,
      );
      expect(withoutJudgement(message)).toBe(withoutJudgement(messageOf(sample(name))));
    });
  });

  test.each([[[]], [['--folder', 'Spam']]])('the status is that of the deliverer, with %j', (flags) => {
    for (const [status, what] of [
      ['0', 'done'],
      ['99', 'done'],
      ['100', 'bounced'],
      ['111', 'deferred'],
    ] as const) {
      const { domain, deliverer, tamis, write, deliver } = site();
      write('.qmail-default', `|${deliverer} fail ${status}`);
      tamis('enable', domain, ...flags);
      expect(deliver('.qmail-default', sample('ham-1'))).toBe(what);
    }
  });

  describe('with --folder', () => {
    test('spam of a virtual user lies in the folder, everything else goes its way', () => {
      const { domain, joe, deliverer, tamis, write, deliver } = site();
      write('.qmail-default', `|${deliverer} '' bounce-no-mailbox`);
      tamis('enable', domain, '--folder', 'Späm');
      expect(deliver('.qmail-default', sample('spam-1'), { EXT: 'Joe' })).toBe('done');
      expect(deliver('.qmail-default', sample('ham-1'))).toBe('done');
      expect(messagesIn(joe)).toHaveLength(1);
      const [message = '', ...more] = messagesIn(joe, '.Sp&AOQ-m');
      expect(more).toEqual([]);
      expect(existsSync(join(joe, '.Sp&AOQ-m/maildirfolder'))).toBe(true);
      expect(withoutJudgement(message)).toBe(
        `Return-Path: <sender@example.net>\nDelivered-To: example.org-joe@example.org\n${withoutJudgement(messageOf(sample('spam-1')))}`,
      );
    });

    test.each(['nobody', '../joe', '', '.', '$(touch trap)\'`touch trap`"', '-rf'])(
      'the mail of %j, who has no Maildir here, goes to the deliverer',
      (EXT) => {
        const { domain, joe, deliverer, tamis, write, deliver } = site();
        write('.qmail-default', `|${deliverer} '' bounce-no-mailbox`);
        tamis('enable', domain, '--folder', 'Spam');
        expect(deliver('.qmail-default', sample('spam-1'), { EXT })).toBe('bounced');
        expect([...messagesIn(joe), ...messagesIn(joe, '.Spam')]).toEqual([]);
        expect(run(['/usr/bin/find', work, '-name', 'trap']).stdout).toBe('');
      },
    );

    test('the Maildir is where vuserinfo says, if vpopmail has it in a hashed folder', () => {
      const { domain, joe, deliverer, tamis, write, read, deliver } = site();
      const hashed = makeMaildir(join(domain, '0/joe/Maildir'));
      const bin = join(domain, 'bin');
      mkdirSync(bin);
      const answer = `test "$1" = -d && test "$2" = joe@example.org && printf '%s\\n' '${quoted(join(domain, '0/joe'))}'`;
      script(join(bin, 'vuserinfo'), answer);
      write('.qmail-default', `|${deliverer} '' bounce-no-mailbox`);
      tamis('enable', domain, '--folder', 'Spam');
      // The rule with another place for the programs of vpopmail, which maildrop has no PATH to.
      const copy = join(work, `rule-${places}`);
      const text = readFileSync(rule('tamis-qmail.maildrop'), 'utf8');
      expect(text).toContain(':/home/vpopmail/bin:');
      writeFileSync(
        copy,
        text
          .replaceAll('/home/vpopmail/bin', '$TAMIS_BIN')
          .replace('import EXT', 'import EXT\nimport TAMIS_BIN'),
      );
      chmodSync(copy, 0o600);
      const [line = ''] = read('.qmail-default').split('\n');
      write('.qmail-default', line.replace(rule('tamis-qmail.maildrop'), `'${quoted(copy)}'`));
      expect(read('.qmail-default')).toContain('/rule-');
      expect(deliver('.qmail-default', sample('spam-1'), { TAMIS_BIN: bin })).toBe('done');
      expect([messagesIn(hashed, '.Spam').length, messagesIn(joe, '.Spam').length]).toEqual([1, 0]);
    });

    test('spam goes to the deliverer if the folder cannot be made', () => {
      const { domain, joe, deliverer, tamis, write, deliver } = site();
      write('.qmail-default', `|${deliverer} '' bounce-no-mailbox`);
      writeFileSync(join(joe, '.Spam'), 'a file in its place');
      tamis('enable', domain, '--folder', 'Spam');
      expect(deliver('.qmail-default', sample('spam-1'))).toBe('done');
      expect(messagesIn(joe)).toHaveLength(1);
    });

    test('names that are none of a folder are refused', () => {
      const { domain, tamis } = site();
      for (const name of ['', '.', 'a//b', 'a\nb', '../x']) {
        expect(tamis('enable', domain, '--folder', name).status).toBe(64);
      }
      expect(tamis('enable', domain, '--folder', 'Spam', '--pipe').status).toBe(64);
    });
  });

  test.each([
    ['the home is missing', { TAMIS_HOME: '/nonexistent/home' }, 'done', 1],
    ['the configuration is missing', { TAMIS_CONFIG: '/nonexistent/tamis.toml' }, 'deferred', 0],
    ['there is no room for temporary files', { TMPDIR: '/nonexistent' }, 'done', 1],
  ] as const)('if %s, nothing is lost', (_, env, what, count) => {
    for (const flags of [[], ['--folder', 'Spam']]) {
      const { domain, joe, deliverer, tamis, write, deliver } = site();
      write('.qmail-default', `|${deliverer} '' delete`);
      tamis('enable', domain, ...flags);
      expect([deliver('.qmail-default', sample('ham-1'), env), messagesIn(joe).length]).toEqual([
        what,
        count,
      ]);
    }
  });

  test.each([
    [[], '.'],
    [['--folder', 'Junk'], '.Junk'],
  ] as const)('a home with a Maildir and an mbox, with %j', (flags, folder) => {
    const { domain, joe, tamis, write, deliver } = site();
    write('.qmail', './joe/Maildir/', './Mailbox');
    tamis('enable', domain, ...flags);
    const user = { EXT: '', USER: 'joe@example.org' };
    expect(deliver('.qmail', sample('spam-1'), user)).toBe('done');
    const [message = ''] = messagesIn(joe, folder);
    expect(message).toMatch(/^Return-Path: <sender@example\.net>\nDelivered-To: /);
    expect(judgement(message)).toContain('X-DSPAM-Result: Spam');
    expect(withoutJudgement(message)).toContain(withoutJudgement(messageOf(sample('spam-1'))));
    const mbox = readFileSync(join(domain, 'Mailbox'), 'latin1');
    expect(mbox).toMatch(/^From sender@example\.net .*\nReturn-Path: <sender@example\.net>\nDelivered-To: /);
    expect(mbox).toContain('X-DSPAM-Result: Spam\n');
    expect(deliver('.qmail', sample('ham-1'), { ...user, TMPDIR: '/nonexistent' })).toBe('deferred');
  });

  test('forwards that follow each other are judged once and sent by one program, if told to', () => {
    const { domain, tamis, write, deliver } = site();
    const bin = join(domain, 'bin');
    mkdirSync(bin);
    script(
      join(bin, 'forward'),
      `printf '%s\\n' "$@" >'${quoted(domain)}/to' && cat >'${quoted(domain)}/sent'`,
    );
    write('.qmail', '&kim@example.org', "o'neill@example.org");
    tamis('enable', domain, '--forwards');
    expect(deliver('.qmail', sample('spam-1'), { PATH: `${bin}:/usr/bin:/bin` })).toBe('done');
    expect(readFileSync(join(domain, 'to'), 'utf8')).toBe("kim@example.org\no'neill@example.org\n");
    expect(judgement(readFileSync(join(domain, 'sent'), 'latin1'))).toContain('X-DSPAM-Result: Spam');
  });
});
