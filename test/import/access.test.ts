/** Root imports what another user's DSPAM has left, for a home of somebody else. */
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Place } from '../cli/tamis.ts';
import { describeAsRoot } from '../peers.ts';
import { css, joe } from './site.ts';

/** Who DSPAM ran as, and whose the home of tamis is. */
const [dspam, tamis] = [64_226, 64_227];

describeAsRoot('as root', () => {
  let place: Place;
  beforeEach(() => {
    place = new Place();
    mkdirSync(place.home);
    chownSync(place.home, tamis, tamis);
    const folders = ['dspam', 'dspam/data', 'dspam/data/joe'].map((name) => place.path(name));
    for (const folder of folders) mkdirSync(folder);
    const files = ['dspam/data/joe/joe.css', 'dspam/default.prefs'].map((name) => place.path(name));
    for (const file of files) writeFileSync(file, css(joe, 64));
    writeFileSync(place.path('dspam/default.prefs'), 'trainingMode=TOE\n');
    for (const path of [...folders, ...files]) {
      chownSync(path, dspam, dspam);
      chmodSync(path, folders.includes(path) ? 0o750 : 0o640);
    }
  });
  afterEach(() => {
    place.remove();
  });

  test('what is for the group of the source is read, and the home stays its owner’s', () => {
    const { status, stdout } = place.run(['import', 'dspam', '--from', place.path('dspam')]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^joe: 5 tokens imported/);
    for (const path of ['users', 'users/joe', 'users/joe/db', 'users/joe/db/CURRENT']) {
      const { uid, gid } = statSync(place.path('home', path));
      expect([path, uid, gid]).toEqual([path, tamis, tamis]);
    }
  });

  test('what is not is an error that says who reads', () => {
    chmodSync(place.path('dspam/default.prefs'), 0o600);
    const { status, stdout, stderr } = place.run(['import', 'dspam', '--from', place.path('dspam')]);
    expect({ status, stdout }).toEqual({ status: 66, stdout: '' });
    expect(stderr).toContain(`default.prefs: It cannot be read: EACCES`);
    expect(stderr).toContain(`Reading goes on as uid ${tamis}, the owner of tamis' home`);
  });
});
