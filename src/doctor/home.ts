/** Whether the home is there, belongs to who delivers, and all in it to its owner. */
import { lstatSync, statSync } from 'node:fs';
import { quoted, type Finding } from './finding.ts';
import { barrier, ownerOf } from './person.ts';
import type { Configured } from './site.ts';
import { filesOf } from './files.ts';

/** The check. */
export async function* home({ config, person }: Configured): AsyncIterable<Finding> {
  const directory = quoted(config.home);
  const owner = ownerOf(config.home);
  const theirs = quoted(`${person.name}:${person.group}`);
  if (owner === undefined) {
    yield {
      code: 'HOME_MISSING',
      sentence: `There is no home ${config.home}, or ${person.name} cannot get there.`,
      type: `install -d -o ${quoted(person.name)} -g ${quoted(person.group)} -m 750 ${directory}`,
    };
    return;
  }
  if (owner.uid !== person.uid) {
    yield {
      code: 'HOME_OWNER',
      sentence: `The home ${config.home} belongs to ${owner.name}, but mail is delivered as ${person.name}, who cannot learn or sign there.`,
      type: `chown -R ${theirs} ${directory}`,
    };
    return;
  }
  const stopped = barrier(person, 'w', config.home);
  if (stopped !== undefined) {
    yield {
      code: 'HOME_UNWRITABLE',
      sentence: `${person.name} cannot write to the home ${config.home}: ${stopped.path} does not allow it, or is on a read-only file system.`,
      type: stopped.isDirectory
        ? `chgrp ${quoted(person.group)} ${quoted(stopped.path)} && chmod g+x ${quoted(stopped.path)}`
        : `chmod u+rwx ${directory}; mount | grep -w ro`,
    };
  }
  const { uid } = statSync(config.home);
  for await (const file of filesOf(config.home)) {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined || found.uid === uid) continue;
    yield {
      code: 'FILE_OWNER',
      sentence: `${file} belongs to ${ownerOf(file)?.name ?? String(found.uid)}, the home to ${owner.name}, who cannot use it.`,
      type: `chown -R ${quoted(`${owner.name}:${owner.group}`)} ${directory}`,
    };
    return;
  }
}
