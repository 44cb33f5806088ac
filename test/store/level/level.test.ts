import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LevelStore } from '../../../src/store/level/level-store.ts';
import { conformance } from '../conformance.ts';

conformance({
  name: 'level',
  create: async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'tamis-level-'));
    return {
      store: new LevelStore(home),
      reopen: () => Promise.resolve(new LevelStore(home)),
      end: () => rm(home, { recursive: true }),
    };
  },
});
