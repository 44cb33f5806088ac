import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describe as inWords, TamisError } from '../../src/errors.ts';
import { actAsOwner, defaultHome, loadConfig, type ConfigOptions } from '../../src/config/load.ts';
import { checkSettings, preferenceNames, settingNames } from '../../src/config/settings.ts';

let folder: string;
let empty: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tamis-config-'));
  empty = file('empty.toml', '');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a configuration and returns its path. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The sentence that a configuration ends in. */
function failure(options: ConfigOptions, env: NodeJS.ProcessEnv = {}): string {
  try {
    loadConfig(options, env);
  } catch (error) {
    expect(error).toBeInstanceOf(TamisError);
    expect(error).toMatchObject({ code: 'CONFIG' });
    return inWords(error);
  }
  throw new Error('the configuration was taken');
}

test('a site configuration that cannot be looked at is not passed over', () => {
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  expect(() => loadConfig({}, {}, loop)).toThrow(`Cannot use the configuration ${loop}`);
  expect(loadConfig({ home: '/h' }, {}, join(folder, 'none')).home).toBe('/h');
});

test.each(['home', 'config'])('an empty --%s is a wrong command line', (name) => {
  expect(() => loadConfig({ [name]: '' }, {})).toThrow(`--${name} takes a path`);
});

describe('the home', () => {
  test('is the one of the option, else of the environment, else of the file, else the default', () => {
    const config = file('home.toml', 'home = "/srv/file"\n');
    const env = { TAMIS_HOME: '/srv/environment' };
    expect(loadConfig({ home: '/srv/option', config }, env).home).toBe('/srv/option');
    expect(loadConfig({ config }, env).home).toBe('/srv/environment');
    expect(loadConfig({ config }, {}).home).toBe('/srv/file');
    expect(loadConfig({ config }, { TAMIS_HOME: '' }).home).toBe('/srv/file');
    expect(loadConfig({ config: empty }, {}).home).toBe(defaultHome({}));
    expect(loadConfig({ home: 'here', config }, {}).home).toBe(resolve('here'));
  });

  test('of root and system users does not depend on their environment', () => {
    const env = { HOME: '/tmp', XDG_DATA_HOME: '/tmp/data' };
    for (const uid of [0, 89, 999]) expect(defaultHome(env, uid)).toBe('/var/lib/tamis');
  });

  test('of everybody else is in their data', () => {
    expect(defaultHome({ XDG_DATA_HOME: '/data' }, 1000)).toBe('/data/tamis');
    const own = join(homedir(), '.local/share/tamis');
    // The XDG specification has relative paths ignored.
    for (const XDG_DATA_HOME of [undefined, '', 'data'])
      expect(defaultHome({ XDG_DATA_HOME }, 1000)).toBe(own);
  });

  test('must be a path', () => {
    const config = file('wrong-home.toml', 'home = 5\n');
    expect(failure({ config })).toBe(`${config}: home must be a path in quotes.`);
  });
});

describe('the file', () => {
  test('is the one of the option, else of the environment', () => {
    const option = file('option.toml', 'deadline = 1\n');
    const environment = file('environment.toml', 'deadline = 2\n');
    const env = { TAMIS_CONFIG: environment };
    expect(loadConfig({ config: option }, env).settings.deadline).toBe(1);
    expect(loadConfig({}, env).settings.deadline).toBe(2);
  });

  test('takes a list of words with commas between, and refuses an unknown one', () => {
    const set = (value: string): unknown =>
      loadConfig({ config: empty, set: [`algorithms=${value}`] }, {}).settings;
    expect(set('Robinson, chi-square')).toMatchObject({ algorithms: ['robinson', 'chi-square'] });
    expect(() => set('graham,guess')).toThrow(/algorithms/);
    expect(() => set('')).toThrow(/algorithms/);
  });

  test('has every default', () => {
    expect(loadConfig({ config: empty }, {}).settings).toEqual({
      store: 'level',
      messageBytes: 134_217_728,
      workers: 0,
      cacheBytes: 50_331_648,
      connections: 64,
      serverPass: {},
      socketMode: 0o660,
      lmtpUser: 'address',
      onError: 'pass',
      recipientDelimiter: '',
      spamAction: 'quarantine',
      spamSubject: '[SPAM]',
      opt: 'out',
      optIn: false,
      ignoreGroups: false,
      trainPristine: false,
      tagSpam: false,
      tagNonspam: false,
      optOut: false,
      allowOverride: [...preferenceNames],
      spamFolder: '.Spam',
      lowerCaseUsers: true,
      createUsers: false,
      trainingMode: 'teft',
      prefixBytes: 262_144,
      deadline: 5,
      signatureLocation: 'headers',
      hamCost: 10,
      signatureDays: 14,
      showFactors: false,
      engine: 'tamis',
      takeOver: true,
      blocklist: [],
      tokenizer: 'chain',
      ignoreHeaders: [],
      algorithms: ['graham', 'burton'],
      pValue: 'bcr',
      processorBias: true,
      statisticalSedation: 5,
      enableBNR: false,
      enableWhitelist: true,
      whitelistThreshold: 10,
      purgeUnused: 90,
      purgeNeutral: 90,
      purgeHapaxes: 30,
      purgeHits1S: 15,
      purgeHits1I: 15,
    });
  });

  test('that cannot be used is named, with the line', () => {
    const config = file('broken.toml', 'deadline = 5\nshowFactors = = true\n');
    expect(failure({ config })).toContain(`Cannot use the configuration ${config}`);
    expect(failure({ config })).toMatch(/\b2\b/);
    expect(failure({ config: join(folder, 'none.toml') })).toContain('ENOENT');
    const directory = join(folder, 'directory.toml');
    mkdirSync(directory);
    expect(failure({ config: directory })).toContain('EISDIR');
  });

  test.each([
    [
      'trainingMood = "toe"',
      /unknown-\d\.toml: there is no setting "trainingMood"; the settings are store, /,
    ],
    ['deadline = 0', /unknown-\d\.toml: deadline cannot be 0/],
    ['deadline = nan', /unknown-\d\.toml: deadline cannot be/],
    ['showFactors = "perhaps"', /unknown-\d\.toml: showFactors cannot be "perhaps"/],
    ['trainingMode = 5', /unknown-\d\.toml: trainingMode cannot be 5/],
    ['[store]\nkind = "level"', /unknown-\d\.toml: store cannot be /],
    ['constructor = 1', /unknown-\d\.toml: there is no setting "constructor"/],
  ])('with %j is refused, naming file and key', (text, sentence) => {
    expect(failure({ config: file('unknown-1.toml', text) })).toMatch(sentence);
  });

  test('that is wrong is refused even where --set corrects it', () => {
    const config = file('overridden.toml', 'deadline = "soon"\n');
    expect(failure({ config, set: ['deadline=1'] })).toMatch(/overridden\.toml: deadline/);
  });
});

describe('--set', () => {
  const settings = (...set: string[]) => loadConfig({ config: empty, set }, {}).settings;

  test('takes words for what they stand for', () => {
    expect(settings('deadline=0.5', 'showFactors=on', 'trainingMode=TEFT', 'createUsers=true')).toMatchObject(
      {
        deadline: 0.5,
        showFactors: true,
        trainingMode: 'teft',
        createUsers: true,
      },
    );
    expect(settings('lowerCaseUsers=off').lowerCaseUsers).toBe(false);
  });

  test('overrides the file, and the last one counts', () => {
    const config = file('set.toml', 'deadline = 3\nsignatureDays = 7\n');
    const given = loadConfig({ config, set: ['deadline=1', 'deadline=2'] }, {}).settings;
    expect(given).toMatchObject({ deadline: 2, signatureDays: 7 });
  });

  test('sets one entry of a table, over those of the file', () => {
    const config = file('table.toml', '[serverPass]\nOne = "first"\nTwo = "second"\n');
    const set = ['serverPass.Two=other', 'serverPass.Three=third=3'];
    expect(loadConfig({ config, set }, {}).settings.serverPass).toEqual({
      One: 'first',
      Two: 'other',
      Three: 'third=3',
    });
    expect(failure({ config: empty, set: ['deadline.x=1'] })).toMatch(/deadline/);
  });

  test('takes the mode of a socket in octal', () => {
    expect(settings('socketMode=0600').socketMode).toBe(0o600);
    expect(failure({ config: empty, set: ['socketMode=888'] })).toMatch(/socketMode/);
  });

  test('keeps what stands behind the first =', () => {
    expect(settings('store=redis://a=b').store).toBe('redis://a=b');
  });

  test.each(['deadline', '=5', ''])('refuses %j', (set) => {
    expect(failure({ config: empty, set: [set] })).toMatch(/--set takes KEY=VALUE/);
  });

  test.each([
    'deadline=',
    'deadline=soon',
    'deadline=-1',
    'deadline=61',
    'prefixBytes=1',
    '__proto__=1',
    'x=1',
  ])('refuses %j', (set) => {
    expect(failure({ config: empty, set: [set] })).toMatch(/^--set: /);
  });
});

test('every setting is known by its name', () => {
  const settings = checkSettings(
    { lmtpNext: 'lmtp:/run/next.sock', quarantine: '/q/%u', groupFile: '/g', socketGroup: 'mail' },
    'nowhere',
  );
  expect(settingNames.toSorted()).toEqual(Object.keys(settings).toSorted());
});

test('acting as the owner of a home that does not exist, or is our own, changes nothing', () => {
  const uid = process.getuid?.();
  actAsOwner(join(folder, 'none'));
  actAsOwner(folder);
  expect(process.getuid?.()).toBe(uid);
});
