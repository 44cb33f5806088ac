/** A site's dspam.conf as tamis.toml. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSettings } from '../../src/config/settings.ts';
import { tomlOf } from '../../src/import/dspam-conf.ts';
import { rules } from '../../src/import/dspam-directives.ts';
import { mail } from '../cli/mail.ts';
import { Place, type Outcome } from '../cli/tamis.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
});
afterAll(() => {
  place.remove();
});

function tomlFrom(...lines: string[]): string {
  writeFileSync(place.path('dspam.conf'), `${lines.join('\n')}\n`);
  return tomlOf(place.path('dspam.conf')).toml;
}

function settingsFrom(...lines: string[]): Record<string, unknown> {
  return parse(tomlFrom(...lines));
}

describe('dspam.conf', () => {
  test('that says nothing is what DSPAM takes then', () => {
    expect(settingsFrom('# nothing')).toEqual({
      engine: 'dspam',
      createUsers: true,
      enableWhitelist: false,
      enableBNR: false,
      tokenizer: 'word',
      processorBias: false,
    });
  });

  test.each([
    [['TrainingMode TOE'], { trainingMode: 'toe' }],
    [['trainingmode tum # a comment', 'TrainingMode toe'], { trainingMode: 'tum' }],
    [['TrainingMode teft', 'Preference "trainingMode=TOE"'], { trainingMode: 'toe' }],
    [['Feature noise,whitelist'], { enableBNR: true }],
    [
      ['Feature noise', 'Feature whitelist', 'Feature tb=7'],
      { enableBNR: true, enableWhitelist: true, statisticalSedation: 7 },
    ],
    [['Algorithm graham burton', 'Algorithm chi-square'], { algorithms: ['graham', 'burton', 'chi-square'] }],
    [['Tokenizer chained'], { tokenizer: 'chain' }],
    [['Tokenizer osb ; a comment'], { tokenizer: 'osb' }],
    [['PValue markov', 'ProcessorBias on'], { pValue: 'markov', processorBias: true }],
    [
      ['Preference "statisticalSedation=9" "whitelistThreshold=3"'],
      { statisticalSedation: 9, whitelistThreshold: 3 },
    ],
    [['Preference "enableWhitelist=on"'], { enableWhitelist: true }],
    [
      ['PurgeSignatures 21', 'PurgeHapaxes 7', 'PurgeUnused off'],
      { signatureDays: 21, purgeHapaxes: 7, purgeUnused: 0 },
    ],
    [['Broken lineStripping', 'Broken case'], { lowerCaseUsers: true }],
    [['ServerPass.Relay1 "a b"', 'ServerPass.relay2 c'], { serverPass: { Relay1: 'a b', relay2: 'c' } }],
    [['IgnoreHeader X-Spam-Status', 'IgnoreHeader X-Virus'], { ignoreHeaders: ['X-Spam-Status', 'X-Virus'] }],
    [['EnablePlusedDetail on'], { recipientDelimiter: '+' }],
    [['EnablePlusedDetail on', 'PlusedCharacter -'], { recipientDelimiter: '-' }],
  ])('%j sets %j', (lines, settings) => {
    expect(settingsFrom(...lines)).toMatchObject(settings);
  });

  test('the site’s own preferences stand in the place of those of dspam.conf', () => {
    const home = place.path('dspam-home');
    mkdirSync(home, { recursive: true });
    const lines = [
      'Preference "spamAction=tag" "trainingMode=TUM"',
      `Home ${home}`,
      'TrainingMode teft',
      'Preference "showFactors=on"',
    ];
    writeFileSync(`${home}/default.prefs`, '# none\n');
    expect(settingsFrom(...lines)).toMatchObject({ spamAction: 'tag', showFactors: true });
    writeFileSync(`${home}/default.prefs`, '# ours\ntrainingMode=TOE\nspamSubject = [JUNK]\nmakeCorpus=on\n');
    const toml = tomlFrom(...lines);
    expect(toml).toContain(`default.prefs: trainingMode=TOE\n#     trainingMode = "toe"\n`);
    expect(toml).toContain('default.prefs: makeCorpus=on\n#     Not taken: tamis has nothing for');
    expect(toml.split('stands in the place of all of these')).toHaveLength(3);
    const settings = parse(toml);
    expect(settings).toMatchObject({ trainingMode: 'toe', spamSubject: '[JUNK]' });
    expect(settings).not.toHaveProperty('spamAction');
    expect(settings).not.toHaveProperty('showFactors');
  });

  test('a value that tamis does not know is left out with a line', () => {
    const toml = tomlFrom('TrainingMode sometimes', 'Tokenizer chain');
    expect(toml).toContain(
      '# 1: TrainingMode sometimes\n#     Not taken: tamis has nothing for "sometimes".\n',
    );
    expect(parse(toml)).not.toHaveProperty('trainingMode');
  });

  test('each line is told of, what is not taken too, and the result is a configuration', () => {
    const lines = Object.keys(rules).map((name) => `${name} on`);
    const toml = tomlFrom(
      ...lines,
      'MySQLServer localhost',
      'HashRecMax 98317',
      'ClamAVPort 3310',
      'Nonsense 1',
    );
    for (const [at, line] of lines.entries()) {
      expect(toml).toMatch(new RegExp(`^# ${at + 1}: ${line}\\n#     \\S`, 'm'));
    }
    expect(toml).toContain('Nonsense 1\n#     Not taken: DSPAM has no such directive.');
    expect(() => checkSettings(parse(toml), 'it')).not.toThrow();
  });

  test('what stands in it cannot become a setting by itself', () => {
    const toml = tomlFrom('Home "/x\r\nstore = 1"', 'TxtDirectory "\u0000\u001b[2J"');
    expect(Object.keys(parse(toml))).not.toContain('store');
    expect(toml).not.toContain('\0');
    expect(toml).not.toContain('\r');
  });
});

describe('tamis import dspam --config', () => {
  const run = (...args: string[]): Outcome => place.run(['import', 'dspam', ...args]);

  test('prints it, and the filter takes it', () => {
    writeFileSync(place.path('dspam.conf'), 'TrainingMode toe\nTokenizer chain\n');
    const { status, stdout, stderr } = run('--config', place.path('dspam.conf'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    writeFileSync(place.path('made.toml'), stdout);
    const judged = place.run(['--user=joe', '--classify', `--config=${place.path('made.toml')}`], {
      stdin: mail({ id: 'm' }),
    });
    expect(judged.status).toBe(0);
    expect(judged.stdout).toMatch(/^X-DSPAM-Result: joe; result="Innocent"/);
  });

  test('writes it into a file that does not exist', () => {
    writeFileSync(place.path('dspam.conf'), 'TrainingMode toe\n');
    expect(run('--config', place.path('dspam.conf'), '--write', place.path('new.toml'))).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(run('--config', place.path('dspam.conf'), '--write', place.path('new.toml'))).toMatchObject({
      status: 75,
      stdout: '',
    });
  });

  test('with --home names the home, and the group file is copied beside the result', () => {
    const groups = 'team:shared:joe,ann\n';
    writeFileSync(place.path('group-of-dspam'), groups);
    writeFileSync(place.path('dspam.conf'), `GroupConfig ${place.path('group-of-dspam')}\n`);
    mkdirSync(place.path('etc'));
    const made = place.path('etc/tamis.toml');
    const words = ['--config', place.path('dspam.conf'), '--home', place.home, '--write', made];
    expect(run(...words)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const copy = place.path('etc/tamis.group');
    expect(parse(readFileSync(made, 'utf8'))).toMatchObject({ home: place.home, groupFile: copy });
    expect(readFileSync(copy, 'utf8')).toBe(groups);
    rmSync(made);
    expect(run(...words)).toMatchObject({ status: 75 });
    expect(readFileSync(copy, 'utf8')).toBe(groups);
    expect(existsSync(made)).toBe(false);
    rmSync(copy);
    writeFileSync(made, '# mine\n');
    expect(run(...words)).toMatchObject({ status: 75 });
    expect(existsSync(copy)).toBe(false);
    expect(readFileSync(made, 'utf8')).toBe('# mine\n');
  });

  test('that is not there is an error', () => {
    expect(run('--config', place.path('none.conf'))).toMatchObject({ status: 66, stdout: '' });
  });
});
