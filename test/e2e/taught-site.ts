/** A site whose users have all taught the sample mail: its home, the filter for its mail host, and what it says of a user. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { emptyConfig, must, node, tamis, taughtHome, type Identity } from './site.ts';

/** The user who has been taught, of whom the others are copies. */
const first = 'taught';

/** The site of one test file. */
export class TaughtSite {
  readonly home: string;
  /** A shell script that runs tamis for this site: what stands in the place of tamis in a rule. */
  readonly filter: string;
  readonly #work: string;
  #users = 0;

  /** @param owner Whose the home is. */
  constructor(work: string, owner: Identity) {
    this.#work = work;
    this.home = taughtHome(work, first, { as: owner });
    const env = `TAMIS_HOME='${this.home}' TAMIS_CONFIG='${emptyConfig(work)}'`;
    this.filter = `export ${env}; exec '${node}' '${tamis}' "$@"`;
  }

  /** A folder for a server. */
  place(name: string): string {
    const place = join(this.#work, name);
    mkdirSync(place);
    return place;
  }

  /** Somebody who has taught the sample mail. @param home Where; that of the site, if another one is not named. */
  user(name = `joe${++this.#users}@example.net`, home: string = this.home): string {
    must(['cp', '-a', join(this.home, 'users', first), join(home, 'users', name)]);
    return name;
  }

  /** What a command of tamis prints. */
  ask(...words: readonly string[]): string {
    const env = { TAMIS_HOME: this.home, TAMIS_CONFIG: emptyConfig(this.#work) };
    return must([node, tamis, ...words], { env }).stdout;
  }

  /** The totals of a user. */
  stats(user: string): Record<string, number> {
    return JSON.parse(this.ask('stats', '--user', user, '--json')) as Record<string, number>;
  }
}
