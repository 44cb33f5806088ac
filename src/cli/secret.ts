/** `tamis secret`: what a user proves with who they are, on the daemon's public socket. */
import { makeKey, secretOf } from '../daemon/secret.ts';
import { TamisError } from '../errors.ts';
import { userName, withoutDetail } from '../judge/users.ts';
import { configOf, jsonOption, print, userOption, type Command, type CommonArguments } from './command.ts';

interface SecretArguments extends CommonArguments {
  user: string;
  json: boolean;
}

/** The command. */
export const secretCommand: Command<SecretArguments> = {
  command: 'secret',
  describe:
    'Print the secret with which a user asks the daemon (tamis serve --public); for ~/.config/tamis/secret.',
  builder: (yargs) => jsonOption(userOption(yargs)),
  handler: ({ user: given, json, ...options }) => {
    const config = configOf(options);
    const user = userName(withoutDetail(given, config.settings), config);
    let secret = secretOf(config.home, user);
    if (secret === undefined) {
      makeKey(config.home);
      secret = secretOf(config.home, user);
    }
    if (secret === undefined)
      throw new TamisError('HOME', `${config.home} does not keep the key of the secrets.`);
    const pass = `${secret}@${user}`;
    print(json, { user, pass }, () => [pass]);
  },
};
