import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { conformanceOfShared } from '../shared.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tamis-sqlite-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

conformanceOfShared('sqlite', () => `sqlite:${path.join(folder, 'tamis.db')}`);
