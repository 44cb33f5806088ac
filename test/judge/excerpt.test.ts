import { expect, test } from 'vitest';
import type { Windows } from '../../src/features/windows.ts';
import { excerptOf, readingOf, readMessage } from '../../src/judge/reading.ts';
import { advertisement, mail } from '../cli/mail.ts';

test.each([mail({ id: 'one' }), advertisement('two'), '', 'no message at all'])(
  'a reading that has been on another thread is the same',
  async (text) => {
    const { windows, features, fingerprint, signatures } = await readMessage(Buffer.from(text, 'latin1'));
    const passed = readingOf(structuredClone(excerptOf({ windows, features, fingerprint, signatures })));
    expect(passed.features).toEqual(features);
    expect(passed.signatures).toEqual(signatures);
    expect(Buffer.compare(passed.fingerprint, fingerprint)).toBe(0);
    for (const [name, window] of Object.entries(windows) as [keyof Windows, Uint8Array][])
      expect(Buffer.compare(passed.windows[name], window)).toBe(0);
  },
);
