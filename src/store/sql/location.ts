/**
 * The setting of a SQL server, less what is ours in it: `read=HOST[:PORT]` names a replica from which messages are read (on the same
 * database, by the same user), so that the server itself has the changes only.
 */
import { TamisError } from '../../errors.ts';

/** The server's own address, and the reader's. */
export interface Locations {
  readonly writer: string;
  readonly reader: string | undefined;
}

/** @param label The setting as it may be shown. @throws TamisError CONFIG if it is no address. */
export function locationsOf(location: string, label: string): Locations {
  let url: URL;
  try {
    url = new URL(location);
  } catch (cause) {
    throw new TamisError('CONFIG', `store = ${JSON.stringify(label)} is no address.`, { cause });
  }
  const read = url.searchParams.get('read');
  if (read === null) return { writer: location, reader: undefined };
  url.searchParams.delete('read');
  const reader = new URL(url);
  // A socket is the writer's.
  for (const name of ['host', 'socketPath']) reader.searchParams.delete(name);
  reader.port = '';
  reader.host = read;
  return { writer: url.href, reader: reader.href };
}
