/** Whether who delivers can read what it needs, and connect: qmail and vpopmail deliver without supplementary groups. */
import { statSync } from 'node:fs';
import { quoted, type Finding, type FindingCode } from './finding.ts';
import { barrier, type Right } from './person.ts';
import type { Site } from './site.ts';

/** What is needed of a file, how that is said, and what gives it to a group. */
interface Need {
  readonly code: FindingCode;
  readonly right: Right;
  readonly verb: string;
  readonly path: string;
  /** What to type in the place of giving it to the group. */
  readonly type?: string;
}

/** The check. */
export function* access({ person, configFile, program, sockets }: Site): Iterable<Finding> {
  const everybody =
    'npm install --global tamis # with a Node and a prefix that everybody can read, such as /usr/local';
  const needs: Need[] = [
    ...program.map((path, place) => {
      const right = place === 0 ? 'x' : 'r';
      const verb = place === 0 ? 'run' : 'read';
      return { code: 'PROGRAM_UNREADABLE', right, verb, path, type: everybody } as const;
    }),
    ...Object.values(sockets)
      .filter(isSocket)
      .map((path) => ({ code: 'SOCKET_UNREACHABLE', right: 'w', verb: 'connect to', path }) as const),
  ];
  if (configFile !== undefined)
    needs.unshift({ code: 'CONFIG_UNREADABLE', right: 'r', verb: 'read', path: configFile });
  for (const { code, right, verb, path, type } of needs) {
    const stopped = barrier(person, right, path);
    if (stopped === undefined) continue;
    const where =
      stopped.path === path ? 'its permissions do not allow it' : `${stopped.path} is closed to that user`;
    const mode = stopped.isDirectory ? 'g+x' : right === 'w' ? 'g+rw' : 'g+r';
    yield {
      code,
      sentence: `${person.name} with the group ${person.group} alone, as mail hosts deliver, cannot ${verb} ${path}: ${where}.`,
      type:
        type ??
        `chgrp ${quoted(person.group)} ${quoted(stopped.path)} && chmod ${mode} ${quoted(stopped.path)}`,
    };
  }
}

function isSocket(path: string): boolean {
  return path.includes('/') && statSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}
