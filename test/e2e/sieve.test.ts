/**
 * The rules of `tamis rules sieve`, run by the real Dovecot: with rules/tamis-filter, the guard, which is the default; with a program
 * of the site; and for mail that was judged before.
 */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../peers.ts';
import {
  emptyConfig,
  faults,
  giveTo,
  judgement,
  makeMaildir,
  messageOf,
  messagesIn,
  must,
  node,
  rule,
  ruleOf,
  run,
  sample,
  script,
  silentFaults,
  tamis,
  taughtHome,
  withoutJudgement,
  workFolder,
  type Ended,
} from './site.ts';

/** Nobody in particular: Dovecot's deliverer will not be root. */
const owner = { uid: 64_222, gid: 64_222 };
const user = 'anna';

describeWith(
  ['dovecot-lda', 'sievec', 'sieve-test', 'sieve-filter', 'setpriv'],
  (lda, sievec, sieveTest, sieveFilter) => {
    // Dovecot takes no blank in a path of its configuration.
    const work = workFolder('tamis-sieve-');
    let home: string;
    let places = 0;

    beforeAll(() => {
      home = taughtHome(work, user, { as: owner });
    });

    interface Site {
      readonly place: string;
      readonly conf: string;
      readonly maildir: string;
      readonly env: Record<string, string>;
      readonly deliver: (file: string) => Ended;
    }

    /** A Dovecot with one mailbox and the site's script; `filter` is what lies in sieve_filter_bin_dir. */
    function site(filter: 'tamis' | { text: string } | undefined, options: readonly string[] = []): Site {
      const place = join(work, String(++places));
      const bin = join(place, 'bin');
      mkdirSync(bin, { recursive: true });
      const maildir = makeMaildir(join(place, 'Maildir'));
      const parts = ['cur', 'new', 'tmp'].map((part) => join(maildir, part));
      const log = join(place, 'log');
      const conf = join(place, 'dovecot.conf');
      // The guard where it is installed, or a program of the site's own.
      const program = filter === 'tamis' ? [] : ['--program', join(bin, 'tamis-filter')];
      writeFileSync(join(place, 'tamis.sieve'), ruleOf('sieve', ...program, ...options));
      writeFileSync(log, '');
      giveTo(owner, place, maildir, ...parts, log);
      writeFileSync(conf, configuration(place));
      if (filter === 'tamis') installFilter(bin);
      else if (filter !== undefined) script(join(bin, 'tamis-filter'), filter.text);
      must([sievec, '-c', conf, join(place, 'tamis.sieve')], { env: { PATH: '/usr/bin:/bin' } });
      const env = { HOME: place, USER: user };
      const deliver = (file: string): Ended =>
        run([lda, '-c', conf, '-f', 'sender@example.net'], { stdin: file, env, as: owner });
      return { place, conf, maildir, env, deliver };
    }

    /** rules/tamis-filter as it is, in a package of its own: Dovecot gives it no environment of the site's. */
    function installFilter(bin: string, program = `exec '${node}' '${tamis}' "$@"`): void {
      const dist = join(bin, '../dist');
      mkdirSync(dist);
      copyFileSync(rule('tamis-filter'), join(bin, 'tamis-filter'));
      const exports = `export TAMIS_HOME='${home}' TAMIS_CONFIG='${emptyConfig(work)}'`;
      script(join(dist, 'tamis.js'), `${exports}\n${program}`);
    }

    test.each([
      ['spam-1', '.Spam', 'X-DSPAM-Result: Spam'],
      ['spam-2', '.Spam', 'X-DSPAM-Result: Spam'],
      ['spam-3', '.Spam', 'X-DSPAM-Result: Spam'],
      ['ham-1', '', 'X-DSPAM-Result: Innocent'],
    ] as const)('delivers %s into "%s" as it came, with its judgement', (name, folder, result) => {
      const { maildir, deliver } = site('tamis');
      expect(deliver(sample(name))).toMatchObject({ status: 0 });
      const [message = '', ...more] = messagesIn(maildir, folder);
      expect(more).toEqual([]);
      expect(messagesIn(maildir, folder === '' ? '.Spam' : '')).toEqual([]);
      expect(judgement(message)).toContain(result);
      expect(withoutJudgement(message)).toBe(withoutJudgement(messageOf(sample(name))));
    });

    test.each([...faults])('delivers the original into the inbox if the filter %s', (_, text) => {
      const { maildir, deliver } = site({ text });
      expect(deliver(sample('spam-1'))).toMatchObject({ status: 0 });
      expect(messagesIn(maildir)).toEqual([messageOf(sample('spam-1'))]);
    });

    test.each([...faults, ...silentFaults])(
      'delivers the original into the inbox if, inside of the guard, tamis %s',
      (_, text) => {
        const { place, maildir, deliver } = site('tamis');
        script(join(place, 'dist/tamis.js'), text);
        expect(deliver(sample('spam-2'))).toMatchObject({ status: 0 });
        expect(messagesIn(maildir)).toEqual([withoutJudgement(messageOf(sample('spam-2')))]);
        expect(messagesIn(maildir, '.Spam')).toEqual([]);
      },
    );

    test('runs a program of the site for the user of the mailbox', () => {
      const text = `export TAMIS_HOME='${home}' TAMIS_CONFIG='${emptyConfig(work)}'; exec '${node}' '${tamis}' "$@"`;
      for (const options of [[], ['--user', user]]) {
        const { maildir, deliver } = site({ text }, options);
        expect(deliver(sample('spam-1'))).toMatchObject({ status: 0 });
        expect(messagesIn(maildir, '.Spam').flatMap(judgement)).toContain('X-DSPAM-Result: Spam');
      }
    });

    test.each([
      ['Spam', '0.9999', undefined],
      ['Spam', '0.9800', '.Spam'],
      ['Spam', '0.8000', '.Spam'],
      ['Innocent', '0.9999', ''],
      ['Whitelisted', '0.9999', ''],
    ] as const)('by %s at %s, stores into %j', (result, probability, folder) => {
      const text = `cat; printf 'X-DSPAM-Result: ${result}\\nX-DSPAM-Probability: ${probability}\\n'`;
      const tiers = [
        '--tag-above',
        '0.97',
        '--discard-above',
        '0.999',
        '--mark-read',
        '--folder',
        'Mail/Späm "x"',
      ];
      const { place, maildir, deliver } = site({ text }, tiers);
      const bare = join(place, 'bare');
      writeFileSync(bare, 'From: a@example.org\nSubject: bare\nX-Other: x\n');
      expect(deliver(bare)).toMatchObject({ status: 0 });
      const found = [...messagesIn(maildir), ...messagesIn(maildir, '.Mail.Sp&AOQ-m "x"')];
      expect(found).toHaveLength(folder === undefined ? 0 : 1);
      expect(messagesIn(maildir)).toHaveLength(folder === '' ? 1 : 0);
      const flags = readdirSync(maildir, { recursive: true, encoding: 'utf8' }).flatMap((name) =>
        name.split(':2,').slice(1),
      );
      const tagged = result !== 'Whitelisted' && probability > '0.97';
      const expected = `${folder === '.Spam' ? 'S' : ''}${tagged ? 'a' : ''}`;
      expect(flags).toEqual(folder === undefined || expected === '' ? [] : [expected]);
    });

    test('delivers the original into the inbox if there is no filter', () => {
      const { maildir, deliver } = site(undefined);
      expect(deliver(sample('spam-1'))).toMatchObject({ status: 0 });
      expect(messagesIn(maildir)).toEqual([messageOf(sample('spam-1'))]);
    });

    test('believes no X-DSPAM-Result of the sender if the filter fails', () => {
      const { place, maildir, deliver } = site({ text: 'exit 1' });
      const forged = join(place, 'forged');
      writeFileSync(
        forged,
        'X-DSPAM-Result: Spam\nSubject: forged\nx-dspam-result:\n Spam\nX-Other: x\n\nbody\n',
      );
      expect(deliver(forged)).toMatchObject({ status: 0 });
      // A user's own script may read the header.
      expect(messagesIn(maildir)).toEqual(['Subject: forged\nX-Other: x\n\nbody\n']);
      expect(messagesIn(maildir, '.Spam')).toEqual([]);
    });

    test('believes no X-DSPAM-Result of the sender where spamc gives a message back as it came', () => {
      const { place, maildir, deliver } = site({ text: 'cat' }, ['--via', 'spamc']);
      const forged = join(place, 'forged');
      writeFileSync(forged, 'X-DSPAM-Result: Spam\nSubject: x\nx-dspam-result:\n Spam\nX-Other: x\n\nbody\n');
      expect(deliver(forged)).toMatchObject({ status: 0 });
      expect(messagesIn(maildir)).toEqual(['Subject: x\nX-Other: x\n\nbody\n']);
      expect(messagesIn(maildir, '.Spam')).toEqual([]);
    });

    test.each([
      ['0.5999', '', ['a']],
      ['0.6000', '.Spam', []],
    ] as const)('spam of the confidence %s is stored into %j', (confidence, folder, flags) => {
      const lines = `X-DSPAM-Result: Spam\\nX-DSPAM-Confidence: ${confidence}\\nX-DSPAM-Probability: 1.0000\\n`;
      const { place, maildir, deliver } = site({ text: `cat; printf '${lines}'` }, [
        '--min-confidence',
        '0.6',
      ]);
      const bare = join(place, 'bare');
      writeFileSync(bare, 'Subject: x\n');
      expect(deliver(bare)).toMatchObject({ status: 0 });
      expect(messagesIn(maildir, folder)).toHaveLength(1);
      expect(messagesIn(maildir, folder === '' ? '.Spam' : '')).toEqual([]);
      const names = readdirSync(maildir, { recursive: true, encoding: 'utf8' });
      expect(names.flatMap((name) => name.split(':2,').slice(1))).toEqual(flags);
    });

    test('trusts a sender on the whitelist, and nobody who only says that name', () => {
      const options = [
        '--whitelist',
        'boss@example.org',
        '--whitelist',
        '@example.net',
        '--tag-above',
        '0.5',
      ];
      const text = `cat; printf 'X-DSPAM-Result: Spam\\nX-DSPAM-Probability: 1.0000\\n'`;
      const { place, maildir, deliver } = site({ text }, options);
      const counts = (): number[] => [messagesIn(maildir).length, messagesIn(maildir, '.Spam').length];
      const trusted = ['The Boss <BOSS@example.org>', 'joe@example.net'];
      const strangers = [
        '"boss@example.org" <spam@evil.example>',
        '"<boss@example.org>" <spam@evil.example>',
        '<spam@evil.example>, <boss@example.org>',
        '<joe@example.net.evil.example>',
      ];
      for (const from of [...trusted, ...strangers]) {
        const bare = join(place, 'bare');
        writeFileSync(bare, `Subject: x\nFrom: ${from}\n`);
        expect(deliver(bare)).toMatchObject({ status: 0 });
      }
      expect(counts()).toEqual([trusted.length, strangers.length]);
      expect(readdirSync(join(maildir, 'new'))).toHaveLength(trusted.length);
    });

    test('files the mail that lies in an inbox by sieve-filter', () => {
      const { place, conf, maildir, env } = site('tamis');
      for (const [at, name] of (['spam-1', 'ham-1'] as const).entries()) {
        copyFileSync(sample(name), join(maildir, `cur/${at + 1}.M${at + 1}P1.host:2,S`));
        giveTo(owner, join(maildir, `cur/${at + 1}.M${at + 1}P1.host:2,S`));
      }
      const filing = [sieveFilter, '-c', conf, '-e', '-W', join(place, 'tamis.sieve'), 'INBOX'];
      must(filing, { env: { ...env, PATH: '/usr/bin:/bin' }, as: owner });
      expect(messagesIn(maildir, '.Spam').map(withoutJudgement)).toEqual([messageOf(sample('spam-1'))]);
      expect(messagesIn(maildir).map(withoutJudgement)).toEqual([messageOf(sample('ham-1'))]);
    });

    describe('for mail that was judged before', () => {
      /** What sieve-test says it would do with the judged sample. */
      function actions(name: 'spam-1' | 'ham-1', judged: boolean): string {
        const { place, conf, env } = site(undefined);
        const personal = join(place, 'personal.sieve');
        writeFileSync(personal, ruleOf('sieve', '--via', 'lmtp'));
        const message = join(place, 'message');
        const passed = run([node, tamis, '--user', user], {
          stdin: sample(name),
          env: { TAMIS_HOME: home, TAMIS_CONFIG: emptyConfig(work) },
          as: owner,
        });
        writeFileSync(message, judged ? passed.stdout : messageOf(sample(name)), 'latin1');
        const trial = [sieveTest, '-c', conf, personal, message];
        return must(trial, { env: { ...env, PATH: '/usr/bin:/bin' }, as: owner }).stdout;
      }

      test('files what was judged to be spam', () => {
        expect(actions('spam-1', true)).toMatch(/store message in folder: Spam/);
      });

      test('keeps what was judged innocent', () => {
        expect(actions('ham-1', true)).toMatch(/store message in folder: INBOX/);
      });

      test('keeps what was not judged', () => {
        expect(actions('spam-1', false)).toMatch(/store message in folder: INBOX/);
      });
    });
  },
);

/** The settings of rules/README.md, and what a Dovecot without services needs. */
function configuration(place: string): string {
  return `base_dir = ${place}/run
state_dir = ${place}/run
log_path = ${place}/log
ssl = no
protocols =
first_valid_uid = 0
mail_location = maildir:~/Maildir
protocol lda {
  mail_plugins = $mail_plugins sieve
}
plugin {
  sieve = file:${place}/none;active=${place}/none.sieve
  sieve_plugins = sieve_extprograms
  sieve_global_extensions = +vnd.dovecot.filter +vnd.dovecot.environment +editheader
  sieve_before = ${place}/tamis.sieve
  sieve_filter_bin_dir = ${place}/bin
  sieve_filter_input_eol = lf
}
`;
}
