import { SvelteSet } from 'svelte/reactivity';
import { readStored, writeStored } from '#lib/storage/safe-storage.ts';

/** The user's favourite videos, which this browser remembers. Reactive. */
export interface Favourites {
  has(name: string): boolean;
  toggle(name: string): void;
  readonly size: number;
}

const KEY = 'cinematica.favourites';
/** Videos expire after some days, so that more favourites than these are of videos that are gone. */
const MAX_FAVOURITES = 500;

/** @param signal stops following the other pages of this browser */
export function createFavourites(signal: AbortSignal): Favourites {
  const names = new SvelteSet<string>(parse(readStored(KEY)));
  const follow = (event: StorageEvent): void => {
    if (event.key !== KEY) return;
    names.clear();
    for (const name of parse(event.newValue)) names.add(name);
  };
  if (typeof document !== 'undefined') addEventListener('storage', follow, { signal });
  return {
    has: (name) => names.has(name),
    get size() {
      return names.size;
    },
    toggle(name) {
      if (!names.delete(name)) names.add(name);
      writeStored(KEY, JSON.stringify([...names].slice(-MAX_FAVOURITES)));
    },
  };
}

function parse(text: string | null): readonly string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}
