/**
 * The browser's key-value storage, which may be blocked (private windows, refused cookies), full, or absent (on the server).
 * Nothing here throws, because the app works without it.
 */

type Area = 'localStorage' | 'sessionStorage';

/** The value of a key; null if there is none or the storage is blocked. */
export function readStored(key: string, area: Area = 'localStorage'): string | null {
  try {
    // The getter of a blocked storage throws, too.
    return globalThis[area].getItem(key);
  } catch {
    return null;
  }
}

/** Stores a value; null removes it. @returns whether it is stored */
export function writeStored(key: string, value: string | null, area: Area = 'localStorage'): boolean {
  try {
    if (value === null) globalThis[area].removeItem(key);
    else globalThis[area].setItem(key, value);
    return true;
  } catch {
    return false;
  }
}
