import { afterEach, expect, test, vi } from 'vitest';
import { stubStorage } from '../../../test/fake-browser.ts';
import { readStored, writeStored } from './safe-storage.ts';

afterEach(() => vi.unstubAllGlobals());

test('a value is stored, read and removed', () => {
  stubStorage();
  expect(writeStored('key', 'value')).toBe(true);
  expect(readStored('key')).toBe('value');
  writeStored('key', null);
  expect(readStored('key')).toBeNull();
});

test('a blocked storage neither throws nor stores', () => {
  vi.stubGlobal('localStorage', undefined);
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    get: () => {
      throw new DOMException('denied', 'SecurityError');
    },
  });
  expect(readStored('key')).toBeNull();
  expect(writeStored('key', 'value')).toBe(false);
});
