/** The daemon as Debian's spamc asks it, option by option. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { advertisement, field, mail, withCrlf, withoutOurs } from '../cli/mail.ts';
import { Daemon } from '../daemon/daemon.ts';
import { describeWith } from '../peers.ts';
import { freePort } from './dialogue.ts';

describeWith(['spamc'], (spamc) => {
  const [spam, ham] = [advertisement('spamc-spam'), mail({ id: 'spamc-ham' })];
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = new Daemon();
    for (let n = 0; n < 12; n++) {
      const teach = (kind: string, stdin: string): void => {
        daemon.place.run(['--user=joe', `--class=${kind}`, '--source=corpus'], { stdin });
      };
      teach('spam', advertisement(`s${n}`));
      teach('innocent', mail({ id: `h${n}` }));
    }
    await daemon.start();
  });
  afterAll(async () => {
    await daemon.remove();
  });

  interface Ended {
    readonly status: number | null;
    readonly out: string;
  }

  function ask(words: readonly string[], message: string, to = ['-U', daemon.spamd]): Ended {
    const { status, stdout } = spawnSync(spamc, [...to, ...words], { input: Buffer.from(message, 'latin1') });
    return { status, out: stdout.toString('latin1') };
  }

  test('as a filter: the message with our lines, whatever its line ends; -E tells the verdict by the status, too', () => {
    for (const message of [ham, withCrlf(ham), mail({ id: 'bytes', body: '\xe9\0\n.\n..\nno line end' })]) {
      const { status, out } = ask(['-u', 'joe'], message);
      expect([status, withoutOurs(out)]).toEqual([0, message]);
      expect(field(out, 'X-DSPAM-Result')).toBe('Innocent');
    }
    const { status, out } = ask(['-u', 'joe', '-E'], spam);
    expect([status, field(out, 'X-DSPAM-Result'), withoutOurs(out)]).toEqual([1, 'Spam', spam]);
    expect(ask(['-u', 'joe', '-E'], ham).status).toBe(0);
  });

  test('--headers: new headers, and the body that spamc has kept', () => {
    const { status, out } = ask(['-u', 'joe', '--headers'], spam);
    expect([status, withoutOurs(out)]).toEqual([0, spam]);
    expect(field(out, 'X-DSPAM-Result')).toBe('Spam');
  });

  test('-c, -y, -R and -r print the score, the symbol and the reasons', () => {
    const check = ask(['-u', 'joe', '-c'], spam);
    expect(check.status).toBe(1);
    expect(Number(/^(\d+\.\d)\/5\.0\n$/.exec(check.out)?.[1])).toBeGreaterThanOrEqual(5);
    expect(ask(['-u', 'joe', '-c'], ham)).toMatchObject({ status: 0 });
    expect(ask(['-u', 'joe', '-y'], spam).out.trim()).toBe('TAMIS_SPAM');
    expect(ask(['-u', 'joe', '-y'], ham).out.trim()).toBe('TAMIS_INNOCENT');
    expect(ask(['-u', 'joe', '-R'], ham).out).toMatch(
      /^-?\d+\.\d\/5\.0\r?\nInnocent: probability of spam 0\./,
    );
    expect(ask(['-u', 'joe', '-r'], spam).out).toMatch(/^\d+\.\d\/5\.0\r?\nSpam: probability of spam 0\./);
    expect(ask(['-u', 'joe', '-r'], ham).out).not.toContain('probability');
  });

  test('-L teaches, once, and takes back', () => {
    const learned = (): number => {
      const { stdout } = daemon.place.run(['stats', '--user=eve', '--json']);
      return (JSON.parse(stdout) as { spamLearned: number }).spamLearned;
    };
    const done = 'Message successfully un/learned\n';
    const known = 'Message was already un/learned\n';
    const message = advertisement('taught');
    const told = (type: string): string => ask(['-u', 'eve', '-L', type], message).out;
    expect([told('spam'), learned(), told('spam'), learned()]).toEqual([done, 1, known, 1]);
    expect([told('ham'), learned()]).toEqual([done, 0]);
    expect([told('forget'), told('forget'), learned()]).toEqual([done, known, 0]);
  });

  test('-d and -p: over TCP; -K asks whether it is there; -e hands the message to a command', async () => {
    const port = String(await freePort());
    const other = daemon.place.start(['serve', `--spamd=127.0.0.1:${port}`]);
    try {
      await new Promise<void>((resolve) => {
        other.stderr.on('data', (piece: Buffer) => {
          if (piece.includes('tamis: ready')) resolve();
        });
      });
      const to = ['-d', '127.0.0.1', '-p', port];
      expect(ask(['-K'], '', to)).toEqual({ status: 0, out: 'SPAMD/1.5 0\n' });
      expect(ask(['-u', 'joe', '-c'], spam, to).status).toBe(1);
      const { out } = ask(['-u', 'joe', '-e', '/bin/cat'], ham, to);
      expect(withoutOurs(out)).toBe(ham);
    } finally {
      other.kill();
    }
  });

  test('what fails passes as it came; with -x it is an error', () => {
    // A user's folder that is a file.
    writeFileSync(join(daemon.place.home, 'users/bob'), '');
    expect(ask(['-u', 'bob'], ham)).toEqual({ status: 0, out: ham });
    expect(ask(['-u', 'bob', '-x'], ham)).toEqual({ status: 76, out: '' });
    expect(ask(['-u', 'joe', '-s', '50'], ham)).toEqual({ status: 0, out: ham });
    const nowhere = ['-U', daemon.place.path('nowhere')];
    expect(ask(['-u', 'joe'], ham, nowhere)).toEqual({ status: 0, out: ham });
    expect(ask(['-u', 'joe', '-x'], ham, nowhere)).toEqual({ status: 70, out: '' });
  });
});
