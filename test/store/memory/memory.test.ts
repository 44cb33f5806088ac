import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { conformance } from '../conformance.ts';

conformance({
  name: 'memory',
  create: () => Promise.resolve({ store: new MemoryStore(), end: () => Promise.resolve() }),
});
