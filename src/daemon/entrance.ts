/**
 * Who may ask on the DLMTP socket, and for whom: that follows from where they come in.
 *
 * A trusted socket is for delivery agents, who act for any user: its permissions say who may connect, and DSPAM's ServerPass.
 * The public one is for everybody on the machine, each for themselves. Node does not tell who is behind a socket (packages that do are native
 * code), so a user proves it by a secret that only they can read (secret.ts), as `SECRET@USER` in the place of DSPAM's password.
 *
 * Limits: what a user of the public socket asks is done one after another, so that mail waits for one message of theirs at most. Who holds all its
 * connections keeps others from asking there; the trusted sockets have connections of their own.
 */
import type { Config } from '../config/load.ts';
import { describe } from '../errors.ts';
import { userName, withoutDetail } from '../judge/users.ts';
import { log } from '../log.ts';
import { isSame, secretOf } from './secret.ts';
import { Turns } from './turns.ts';

/** Who has been let in. */
export interface Guest {
  /** The only user for whom the guest may act, as users.ts names them; undefined: any. */
  readonly only?: string;
  /** Does the guest's work, when it is the guest's turn. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** How clients come in at a listener. */
export interface Entrance {
  /** Lets a client in by a password; undefined if not. `isUnix` is of its connection. */
  readonly admit: (pass: string, isUnix: boolean, config: Config) => Guest | undefined;
  /** What somebody of ours who is not let in can do. */
  readonly advice: string;
}

/** For delivery agents. */
export const trusted: Entrance = {
  admit: (pass, isUnix, { settings: { serverPass } }) => {
    const anybody: Guest = { inTurn: async (work) => await work() };
    // The permissions of a Unix socket say who may, where no secret is configured.
    if (Object.keys(serverPass).length === 0) return isUnix ? anybody : undefined;
    const at = pass.lastIndexOf('@');
    const ident = pass.slice(at + 1);
    const known = Object.hasOwn(serverPass, ident) ? serverPass[ident] : undefined;
    return known !== undefined && isSame(pass.slice(0, Math.max(0, at)), known) ? anybody : undefined;
  },
  advice:
    'The daemon asks for a secret: one of its serverPass in the configuration that this user can read, or SECRET@IDENT in TAMIS_PASS.',
};

/** For everybody, each for themselves. */
export function publicEntrance(): Entrance {
  const turns = new Turns();
  return {
    admit: (pass, _, config) => {
      const at = pass.indexOf('@');
      if (at < 0 || at === pass.length - 1) return undefined;
      const only = userOf(pass.slice(at + 1), config);
      const known = secretIfAny(config, only);
      if (known === undefined || !isSame(pass.slice(0, at), known)) return undefined;
      return { only, inTurn: async (work) => await turns.take(only, work) };
    },
    advice:
      'The daemon asks for your secret: what `tamis secret --user USER` gives the administrator belongs into ~/.config/tamis/secret, for you alone to read, or into TAMIS_PASS.',
  };
}

/** Whether a guest may act for a user. */
export function mayActFor({ only }: Guest, user: string, config: Config): boolean {
  return only === undefined || only === userOf(user, config);
}

/** The user whom a name that a client gives belongs to. */
function userOf(given: string, config: Config): string {
  return userName(withoutDetail(given, config.settings), config);
}

/** What is wrong with the key is for the administrator to hear, not for whoever asks. */
function secretIfAny(config: Config, user: string): string | undefined {
  try {
    return secretOf(config.home, user);
  } catch (error) {
    log(describe(error));
    return undefined;
  }
}
