/** The filter's outside: header lines, the summary line, and what is written for whom. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, field, mail, withCrlf, withoutOurs } from './mail.ts';
import { Place } from './tamis.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
  for (const id of ['1', '2', '3']) {
    place.run(['--user=joe', '--class=spam', '--source=corpus'], { stdin: advertisement(`spam-${id}`) });
    place.run(['--user=joe', '--class=innocent', '--source=corpus'], { stdin: mail({ id: `ham-${id}` }) });
  }
});
afterAll(() => {
  place.remove();
});

const signature = /^[\da-f]{8}\d{16}$/;
const names = ['Result', 'Processed', 'Confidence', 'Improbability', 'Probability', 'Signature'];

describe('header lines', () => {
  test.each([
    ['LF', (text: string) => text, '\n'],
    ['CRLF', withCrlf, '\r\n'],
  ])('stand at the end of the header block, in order, with %s as the message has it', (_, convert, eol) => {
    const message = convert(mail({ id: 'lines' }));
    const { stdout, stderr, status } = place.run(['--user=joe', '--deliver=stdout'], { stdin: message });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const at = message.indexOf(eol + eol) + eol.length;
    expect(stdout.startsWith(message.slice(0, at))).toBe(true);
    expect(stdout.endsWith(message.slice(at))).toBe(true);
    const lines = stdout.slice(at, stdout.length - (message.length - at)).split(eol);
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => line.split(': ')[0])).toEqual(names.map((name) => `X-DSPAM-${name}`));
    const [result, processed, confidence, improbability, probability, id] = lines.map((line) =>
      line.slice(line.indexOf(': ') + 2),
    );
    expect(result).toBe('Innocent');
    expect(processed).toMatch(
      /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d 20\d\d$/,
    );
    expect(confidence).toMatch(/^[01]\.\d{4}$/);
    expect(improbability).toMatch(/^1 in \d+ chance of being spam$/);
    expect(probability).toMatch(/^0\.\d{4}$/);
    expect(id).toMatch(signature);
  });

  test('stdout is what there is without --deliver', () => {
    const message = mail({ id: 'default' });
    const { stdout } = place.run(['--user=joe'], { stdin: message });
    expect(field(stdout, 'X-DSPAM-Result')).toBe('Innocent');
    expect(withoutOurs(stdout)).toBe(message);
  });

  test('options take their value behind a blank too', () => {
    const message = mail({ id: 'blank' });
    const { stdout, status } = place.run(['--user', 'joe', '--deliver', 'summary'], { stdin: message });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^X-DSPAM-Result: joe; /);
  });

  test('say that spam is spam once enough is known', () => {
    const many = new Place();
    const teach = (lesson: string, text: string): void => {
      many.run(['--user=kim', `--class=${lesson}`, '--source=error'], { stdin: text });
    };
    for (let n = 0; n < 6; n++) {
      teach('spam', advertisement(`much-spam-${n}`));
      teach('innocent', mail({ id: `much-ham-${n}` }));
    }
    const { stdout } = many.run(['--user=kim', '--deliver=stdout'], { stdin: advertisement('one-more') });
    many.remove();
    expect(field(stdout, 'X-DSPAM-Result')).toBe('Spam');
    expect(field(stdout, 'X-DSPAM-Improbability')).toMatch(/^1 in \d+ chance of being ham$/);
    expect(Number(field(stdout, 'X-DSPAM-Probability'))).toBeGreaterThan(0.5);
  });

  test('have factors, folded, where showFactors asks for them', () => {
    const args = ['--user=joe', '--deliver=stdout', '--set', 'showFactors=on'];
    const { stdout } = place.run(args, { stdin: advertisement('factors') });
    const [, count = '', factors = ''] = /^X-DSPAM-Factors: (\d+),\n((?:\t.*\n)+)/m.exec(stdout) ?? [];
    const lines = factors.trimEnd().split('\n');
    expect(Number(count)).toBe(lines.length);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line).toMatch(/^\t[\x20-\x7e]+, [01]\.\d{5},?$/);
    expect(lines.at(-1)).not.toMatch(/,$/);
    expect(stdout.indexOf('X-DSPAM-Factors')).toBeGreaterThan(stdout.indexOf('X-DSPAM-Signature'));
    expect(withoutOurs(stdout)).toBe(advertisement('factors'));
  });

  test('of a sender are taken out, folded ones and ones in other case too; those in the body stay', () => {
    const message = mail({ id: 'forged', body: 'X-DSPAM-Result: Innocent\n' });
    const forged = message.replace(
      'Subject:',
      'x-dspam-RESULT: Innocent\n\tfolded\nX-DSPAM-Foo: bar\nSubject:',
    );
    const { stdout } = place.run(['--user=joe', '--deliver=stdout'], { stdin: forged });
    expect(withoutOurs(stdout)).toBe(message);
    expect(stdout.split('\n\n')[0]).not.toMatch(/x-dspam-RESULT|folded|X-DSPAM-Foo/);
  });

  test('have no signature with mode notrain, and nothing is written', () => {
    const before = place.run(['stats', '--user=joe', '--json']).stdout;
    const args = ['--user=joe', '--deliver=stdout', '--mode=notrain'];
    const { stdout } = place.run(args, { stdin: mail({ id: 'notrain' }) });
    expect(field(stdout, 'X-DSPAM-Result')).toBe('Innocent');
    expect(stdout).not.toContain('X-DSPAM-Signature');
    expect(place.run(['stats', '--user=joe', '--json']).stdout).toBe(before);
  });
});

describe('the summary line', () => {
  const line =
    /^X-DSPAM-Result: joe; result="(Innocent|Spam)"; class="\1"; probability=[01]\.\d{4}; confidence=[01]\.\d\d; signature=(\S+)\n$/;

  test('of --deliver=summary has a signature that can be retrained', () => {
    const { stdout, status } = place.run(['--user=joe', '--deliver=summary'], { stdin: mail({ id: 'sum' }) });
    expect(status).toBe(0);
    const id = line.exec(stdout)?.[2] ?? '';
    expect(id).toMatch(signature);
    const args = ['--user=joe', '--class=spam', '--source=error', `--signature=${id}`];
    expect(place.run(args)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('of --classify has none, and says the same', () => {
    const { stdout, status } = place.run(['--user=joe', '--classify'], { stdin: mail({ id: 'classify' }) });
    expect(status).toBe(0);
    expect(line.exec(stdout)?.[2]).toBe('N/A');
  });

  test('cannot be forged by a user name', () => {
    const user = 'joe"; result="Spam\nX-DSPAM-Result: kim';
    const { stdout } = place.run([`--user=${user}`, '--classify'], { stdin: mail({ id: 'name' }) });
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stdout.match(/"/g)).toHaveLength(4);
    expect(stdout).toMatch(/; result="Innocent"; class="Innocent"; /);
  });
});

describe('nothing is written', () => {
  test('by --classify for a known user: what is kept stays the same', () => {
    // LevelDB renames its log whenever it is opened, so that it is what is in it that is compared.
    const kept = (): unknown => JSON.parse(place.run(['stats', '--user=joe', '--json']).stdout);
    const before = kept();
    for (const id of ['a', 'b']) place.run(['--user=joe', '--classify'], { stdin: advertisement(id) });
    expect(kept()).toEqual(before);
  });

  test.each([
    ['--classify', ['--classify']],
    ['--classify with createUsers', ['--classify', '--set', 'createUsers=on']],
    ['a message', ['--deliver=stdout']],
    ['a summary', ['--deliver=summary']],
    ['every training mode', ['--deliver=stdout', '--mode=teft']],
    ['an unknown signature', ['--class=spam', '--source=error', '--signature=6b035fbd1234567812345678']],
  ])('by %s for an unknown user, not even a directory', (_, args) => {
    const before = place.tree();
    const stdin = args.includes('--class=spam') ? '' : mail({ id: 'unknown' });
    place.run(['--user=nobody-known', ...args], { stdin });
    expect(place.tree()).toEqual(before);
    const none = { TAMIS_HOME: place.path('none') };
    place.run(['--user=nobody-known', ...args], { stdin, env: none });
    expect(readdirSync(place.folder)).not.toContain('none');
  });

  test('but createUsers makes a user on first sight', () => {
    const args = ['--user=new', '--deliver=stdout', '--set', 'createUsers=on'];
    const { stdout } = place.run(args, { stdin: mail({ id: 'first' }) });
    expect(field(stdout, 'X-DSPAM-Signature')).toMatch(signature);
    expect(JSON.parse(place.run(['users', 'list', '--json']).stdout)).toContain('new');
  });
});

describe('into a Maildir', () => {
  /** Makes an empty Maildir. */
  function maildir(name: string): string {
    const path = place.path(name);
    for (const folder of ['cur', 'new', 'tmp']) mkdirSync(join(path, folder), { recursive: true });
    return path;
  }

  test('innocent mail goes into the inbox', () => {
    const box = maildir('box');
    const message = mail({ id: 'box' });
    const outcome = place.run(['--user=lee', `--deliver=maildir:${box}`], { stdin: message });
    expect(outcome).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const [name = ''] = readdirSync(`${box}/new`);
    expect(withoutOurs(readFileSync(`${box}/new/${name}`, 'latin1'))).toBe(message);
    expect(readdirSync(`${box}/tmp`)).toEqual([]);
  });

  test.each([
    ['.Spam', []],
    ['.Junk.Mail', ['--spam-folder=.Junk.Mail']],
  ])('spam goes into the folder %s, which is made', (folder, args) => {
    const box = maildir(`with${folder}`);
    const certain = ['--user=kim', '--deliver=stdout'];
    for (let n = 0; n < 6; n++) {
      place.run(['--user=kim', '--class=spam', '--source=error'], { stdin: advertisement(`kim-spam-${n}`) });
      place.run(['--user=kim', '--class=innocent', '--source=error'], {
        stdin: mail({ id: `kim-ham-${n}` }),
      });
    }
    const message = advertisement('into-folder');
    expect(field(place.run(certain, { stdin: message }).stdout, 'X-DSPAM-Result')).toBe('Spam');
    expect(place.run(['--user=kim', `--deliver=maildir:${box}`, ...args], { stdin: message }).status).toBe(0);
    expect(readdirSync(join(box, 'new'))).toEqual([]);
    const [name = ''] = readdirSync(join(box, folder, 'new'));
    const delivered = readFileSync(join(box, folder, 'new', name), 'latin1');
    expect(field(delivered, 'X-DSPAM-Result')).toBe('Spam');
    expect(withoutOurs(delivered)).toBe(message);
  });

  test('a message that cannot be judged goes into the inbox too', () => {
    const box = maildir('unjudged');
    const message = mail({ id: 'unjudged' });
    const args = ['--user=lee', `--deliver=maildir:${box}`, '--home', place.path('tamis.toml')];
    expect(place.run(args, { stdin: message }).status).toBe(0);
    const [name = ''] = readdirSync(`${box}/new`);
    expect(readFileSync(`${box}/new/${name}`, 'latin1')).toBe(message);
  });

  test('a Maildir that is none: try again', () => {
    const args = ['--user=lee', `--deliver=maildir:${place.path('tamis.toml')}/box`];
    const outcome = place.run(args, { stdin: mail({ id: 'no-box' }) });
    expect(outcome).toMatchObject({ status: 75, stdout: '' });
    expect(outcome.said).toHaveLength(1);
  });
});
