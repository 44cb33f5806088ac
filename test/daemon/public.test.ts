/** The public socket: each for themselves, by a secret that only they can read. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { advertisement, field, mail, withoutOurs } from '../cli/mail.ts';
import { describeAsRoot } from '../peers.ts';
import { Daemon } from './daemon.ts';
import { tamisc as run, type Person } from './tamisc.ts';

const users = ['joe', 'ann@example.org'] as const;
let daemon: Daemon;
beforeAll(async () => {
  daemon = new Daemon();
  for (const user of users) daemon.place.run(['users', 'add', user]);
  await daemon.start(`--public=${daemon.public}`);
});
afterAll(async () => {
  await daemon.remove();
});

/** Runs tamisc as somebody who asks on the public socket. */
const tamisc = (
  args: readonly string[],
  input: string,
  person: Partial<Person> = {},
): ReturnType<typeof run> => run(args, input, { socket: daemon.public, ...person });

/** What proves to be a user. */
function passOf(user: string): string {
  const { status, stdout } = daemon.place.run(['secret', `--user=${user}`]);
  expect(status).toBe(0);
  return stdout.trimEnd();
}

function learned(user: string): number {
  const { stdout } = daemon.place.run(['stats', `--user=${user}`, '--json']);
  return (JSON.parse(stdout) as { spamLearned: number }).spamLearned;
}

const lesson = (user: string): string[] => [`--user=${user}`, '--class=spam', '--source=error'];

describe('tamis secret', () => {
  test('prints the same each time, another for each user, and keeps only a key for nobody else to read', () => {
    const [joe, ann] = users.map(passOf);
    expect(joe).toMatch(/^[\w-]{43}@joe$/);
    expect(ann).toMatch(/^[\w-]{43}@ann@example\.org$/);
    expect(ann?.slice(0, 43)).not.toBe(joe?.slice(0, 43));
    expect(passOf('JOE')).toBe(joe);
    const { stdout } = daemon.place.run(['secret', '--user=joe', '--json']);
    expect(JSON.parse(stdout)).toEqual({ user: 'joe', pass: joe });
    const status = statSync(join(daemon.place.home, 'secrets.key'));
    expect([status.mode & 0o777, status.size]).toEqual([0o600, 32]);
    const leftovers = Object.keys(daemon.place.tree()).filter((path) => path.includes('secrets.key.'));
    expect(leftovers).toEqual([]);
  });

  test('needs a user and a home', () => {
    expect(daemon.place.run(['secret']).status).toBe(64);
    expect(daemon.place.run(['secret', '--user=']).status).toBe(64);
    const nowhere = daemon.place.run(['secret', '--user=joe', '--home=/nonexistent/home']);
    expect(nowhere.status).toBe(75);
    expect(nowhere.stderr).toContain('/nonexistent/home/secrets.key, cannot be made.');
  });
});

describe('a user with tamisc', () => {
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    env = { TAMIS_PASS: passOf('joe') };
  });

  test('has mail judged, and teaches, by message and by signature', () => {
    const message = mail({ id: 'own1' });
    const judged = tamisc(['--user=joe'], message, { env });
    expect(judged.stderr).toBe('');
    expect(field(judged.stdout, 'X-DSPAM-Result')).toBe('Innocent');
    expect(withoutOurs(judged.stdout)).toBe(message);
    const before = learned('joe');
    const signature = field(judged.stdout, 'X-DSPAM-Signature') ?? '';
    expect(tamisc([...lesson('joe'), `--signature=${signature}`], '', { env }).status).toBe(0);
    expect(tamisc(lesson('Joe'), advertisement('own2'), { env }).status).toBe(0);
    expect(learned('joe')).toBe(before + 2);
  });

  test('whose name is an address does so, too', () => {
    const pass = { TAMIS_PASS: passOf('ann@example.org') };
    expect(tamisc(lesson('ann@example.org'), advertisement('own3'), { env: pass }).status).toBe(0);
    expect(learned('ann@example.org')).toBe(1);
  });

  test('is refused for others, whether there are such users or not; mail passes unjudged', () => {
    const before = learned('ann@example.org');
    for (const other of ['ann@example.org', 'nobody']) {
      const refused = tamisc(lesson(other), advertisement('own4'), { env });
      expect(refused.status).toBe(75);
      expect(refused.stderr).toBe(`tamis: This secret is not that of ${JSON.stringify(other)}.\n`);
      const message = mail({ id: 'own5' });
      expect(tamisc([`--user=${other}`], message, { env })).toMatchObject({ status: 0, stdout: message });
    }
    expect(learned('ann@example.org')).toBe(before);
    expect(daemon.place.run(['users', 'list']).stdout).not.toContain('nobody');
  });

  test.each([
    ['no secret', () => ''],
    ['a wrong one', () => `${'A'.repeat(43)}@joe`],
    ['the one of another', () => `${passOf('ann@example.org').slice(0, 43)}@joe`],
    ['one without a name', () => passOf('joe').slice(0, 44)],
    ['one cut off', () => `${passOf('joe').slice(0, 42)}@joe`],
    ['no secret but a name', () => '@joe'],
  ])('with %s is nobody', (_, pass) => {
    const before = learned('joe');
    const refused = tamisc(lesson('joe'), advertisement('own6'), { env: { TAMIS_PASS: pass() } });
    expect(refused.status).toBe(75);
    expect(refused.stderr).toMatch(
      /^tamis: The daemon asks for your secret: what `tamis secret --user USER`/,
    );
    expect(learned('joe')).toBe(before);
  });

  test('is told nothing of the daemon', () => {
    const { status, stderr } = daemon.place.run(['status', `--socket=${daemon.public}`], { env });
    expect(status).toBe(75);
    expect(stderr).toContain('ask the one of --socket');
  });
});

describeAsRoot('people of the machine', () => {
  const [joe, eve] = [65_501, 65_502];
  let home: string;
  let file: string;
  beforeAll(() => {
    home = daemon.place.path('joe');
    mkdirSync(join(home, '.config/tamis'), { recursive: true });
    file = join(home, '.config/tamis/secret');
    writeFileSync(file, `${passOf('joe')}\n`, { mode: 0o600 });
    chownSync(file, joe, joe);
  });

  test('connect to the public socket only', () => {
    expect(statSync(daemon.public).mode & 0o777).toBe(0o666);
    const { status, stderr } = tamisc(lesson('joe'), advertisement('p1'), {
      uid: joe,
      socket: daemon.socket,
    });
    expect(status).toBe(75);
    expect(stderr).toContain('EACCES');
  });

  test('act for themselves by what is in their own file', () => {
    const before = learned('joe');
    expect(tamisc(lesson('joe'), advertisement('p2'), { uid: joe, env: { HOME: home } }).status).toBe(0);
    const config = { HOME: '/nonexistent', XDG_CONFIG_HOME: join(home, '.config') };
    expect(tamisc(lesson('joe'), advertisement('p3'), { uid: joe, env: config }).status).toBe(0);
    expect(learned('joe')).toBe(before + 2);
  });

  test('and not by that of another, nor by one that others can read', () => {
    const env = { HOME: home };
    const others = tamisc(lesson('joe'), advertisement('p4'), { uid: eve, env });
    expect(others.status).toBe(75);
    expect(others.stderr).toContain('The daemon asks for your secret');
    for (const mode of [0o640, 0o604]) {
      chmodSync(file, mode);
      const open = tamisc(lesson('joe'), advertisement('p4'), { uid: joe, env });
      expect(open.status).toBe(75);
      expect(open.stderr).toContain(`${file} is not used, because others can read it: chmod 600 ${file}`);
    }
    chmodSync(file, 0o600);
    // Not by one that somebody has put there for the agent who delivers to them, and that may never end.
    expect(tamisc(lesson('joe'), advertisement('p4'), { env }).status).toBe(75);
    rmSync(file);
    spawnSync('mkfifo', [file]);
    chownSync(file, joe, joe);
    expect(tamisc(lesson('joe'), advertisement('p4'), { uid: joe, env }).status).toBe(75);
  });
});

describe('by DLMTP', () => {
  async function dialogue(pass: string, recipients: readonly string[], mode: string): Promise<string[]> {
    const answer = await daemon.send(
      daemon.public,
      `LHLO x\r\nMAIL FROM: <${pass}> DSPAMPROCESSMODE="${mode}"\r\n` +
        recipients.map((one) => `RCPT TO: <${one}>\r\n`).join('') +
        `DATA\r\n${advertisement('dlmtp').replaceAll('\n', '\r\n')}.\r\nQUIT\r\n`,
    );
    return answer.slice(answer.indexOf('250 SIZE\r\n') + '250 SIZE\r\n'.length).split('\r\n');
  }

  test('a user acts for themselves', async () => {
    const before = learned('joe');
    const said = await dialogue(passOf('joe'), ['Joe'], '--class=spam --source=corpus ');
    expect(said.slice(0, 2)).toEqual(['250 2.1.0 OK', '250 2.1.5 OK']);
    expect(said).toContain('250 2.6.0 <Joe> Message accepted for delivery: SPAM');
    expect(learned('joe')).toBe(before + 1);
  });

  test('and for nobody else', async () => {
    const before = learned('ann@example.org');
    const said = await dialogue(passOf('joe'), ['ann@example.org'], '--class=spam --source=corpus ');
    expect(said.slice(0, 3)).toEqual([
      '250 2.1.0 OK',
      '550 5.7.1 This secret is that of another user',
      '503 5.0.0 Need RCPT TO here.',
    ]);
    expect(learned('ann@example.org')).toBe(before);
  });

  test('a wrong secret opens nothing', async () => {
    const said = await dialogue(`${'A'.repeat(43)}@joe`, ['joe'], '--classify ');
    expect(said.slice(0, 3)).toEqual([
      '503 5.1.0 Authentication Required',
      '503 5.0.0 Need MAIL FROM here.',
      '503 5.0.0 Need RCPT TO here.',
    ]);
  });
});

describe('a question that is none of ours', () => {
  test.each([
    ['no JSON', 'hello'],
    ['a user who is no name', '{"user":7,"bytes":0,"whole":true,"classify":true}'],
    [
      'a setting of the store',
      '{"user":"joe","bytes":0,"whole":true,"classify":true,"settings":{"store":"x"}}',
    ],
    ['a lesson that is none', '{"user":"joe","bytes":0,"whole":true,"classify":false,"lesson":{"spam":1}}'],
    ['less than no bytes', '{"user":"joe","bytes":-1,"whole":true,"classify":true}'],
  ])('%s, is refused', async (_, question) => {
    for (const socket of [daemon.public, daemon.socket]) {
      const answer = await daemon.send(socket, `TAMIS 1 ${question}\n`);
      expect(answer).toContain('{"code":"DAEMON","message":"The question is of another version of tamis. / ');
    }
  });

  test('more than the beginning of a message is not taken into memory', async () => {
    const bytes = 256 * 1024 + 1;
    const question = { user: 'joe', bytes, whole: true, classify: true, pass: passOf('joe') };
    const answer = await daemon.send(daemon.public, `TAMIS 1 ${JSON.stringify(question)}\n`);
    expect(answer).toContain(`"message":"A message of ${bytes} bytes is not taken."`);
  });
});

test('whoever holds all connections of the public socket does not hold up mail', async () => {
  const held = Array.from({ length: 70 }, () => connect(daemon.public).on('error', () => undefined));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const message = mail({ id: 'held' });
  expect(withoutOurs((await daemon.ask('PROCESS', 'joe', message)).body)).toBe(message);
  const trusted = tamisc(['--user=joe'], message, { socket: daemon.socket });
  expect(field(trusted.stdout, 'X-DSPAM-Result')).toBeDefined();
  for (const socket of held) socket.destroy();
});

test('whoever asks twice at once is answered one after another', async () => {
  const pass = passOf('joe');
  const ask = (classify: string, bytes: number): string =>
    `TAMIS 1 ${JSON.stringify({ user: 'joe', bytes, whole: true, classify: true, pass })}\n${classify}`;
  const message = mail({ id: 'turn' });
  // The first keeps its message back.
  const first = connect(daemon.public);
  first.write(ask('', message.length));
  await new Promise((resolve) => setTimeout(resolve, 200));
  let answered = false;
  const second = daemon.send(daemon.public, ask(message, message.length)).then((answer) => {
    answered = true;
    return answer;
  });
  // Somebody else need not wait.
  const others = { TAMIS_PASS: passOf('ann@example.org') };
  expect(tamisc(['--user=ann@example.org', '--classify'], message, { env: others }).status).toBe(0);
  expect(answered).toBe(false);
  first.end(message);
  expect(await second).toContain('"verdict"');
});

describe('the key', () => {
  test('of which others may know is not used: nobody is let in, and the log says why', async () => {
    const pass = passOf('joe');
    const key = join(daemon.place.home, 'secrets.key');
    chmodSync(key, 0o644);
    expect(tamisc(lesson('joe'), advertisement('k1'), { env: { TAMIS_PASS: pass } }).status).toBe(75);
    await vi.waitFor(() => {
      expect(daemon.said).toContain(`Others can reach ${key}, the key of all secrets`);
    });
    expect(daemon.place.run(['secret', '--user=joe']).status).toBe(75);
    chmodSync(key, 0o600);
    expect(tamisc(lesson('joe'), advertisement('k1'), { env: { TAMIS_PASS: pass } }).status).toBe(0);
  });

  test('once removed, makes all secrets void; then there are new ones', () => {
    const old = { TAMIS_PASS: passOf('joe') };
    const key = join(daemon.place.home, 'secrets.key');
    const bytes = readFileSync(key);
    rmSync(key);
    expect(tamisc(lesson('joe'), advertisement('k2'), { env: old }).status).toBe(75);
    const renewed = { TAMIS_PASS: passOf('joe') };
    expect(readFileSync(key)).not.toEqual(bytes);
    expect(tamisc(lesson('joe'), advertisement('k2'), { env: old }).status).toBe(75);
    expect(tamisc(lesson('joe'), advertisement('k2'), { env: renewed }).status).toBe(0);
  });

  test('that is cut off is none', () => {
    writeFileSync(join(daemon.place.home, 'secrets.key'), '');
    const { status, stderr } = daemon.place.run(['secret', '--user=joe']);
    expect(status).toBe(75);
    expect(stderr).toContain('is no key of secrets: remove it');
  });
});

test('the public socket is no port', () => {
  const { status, stderr } = daemon.place.run(['serve', '--public=127.0.0.1:4711']);
  expect(status).toBe(64);
  expect(stderr).toContain('--public takes the path of a Unix socket');
});
