/** `dspam_crc TOKEN`: the key of a token (DSPAM's capture 71-crc). Of several words it takes the first, as DSPAM's does. */
import { tokenKey } from '../../classifier/dspam/key.ts';
import { say, usage } from './words.ts';

/** The program. */
export function runCrc([token]: readonly string[]): void {
  if (token === undefined) throw usage('dspam_crc takes a TOKEN');
  const key = tokenKey(Buffer.from(token).toString('latin1'));
  say(`TOKEN: '${token}' CRC: ${key.toString()}`);
}
