import { readStored, writeStored } from './safe-storage.ts';

/** This tab, as other tabs of the browser know it. */
export interface Tab {
  /** Stays the same when a page is loaded again. Keys are ordered by the times at which their tabs got them. */
  readonly key: string;
  /** The key of the open tab of which this one is a duplicate. */
  readonly duplicateOf: string | undefined;
}

/** In the session storage, which every tab has its own of. A duplicated tab starts with a copy of it. */
const STORAGE_KEY = 'cinematica.tab';
const PREFIX = 'tab ';

export const isTabKey = (key: unknown): key is string => typeof key === 'string' && key.startsWith(PREFIX);

let claimed: Promise<Tab> | undefined;

/**
 * This tab, whose key is locked for as long as the page is open. A tab whose key another open tab has locked is a duplicate, and gets
 * a new key. Browsers have no locks over plain http: there a duplicate keeps the key of its original.
 */
export const thisTab = (): Promise<Tab> => (claimed ??= claim());

/** Claims the key of this tab again after a page was loaded. A tab that never needed a key gets none. */
export function resumeTab(): void {
  if (readStored(STORAGE_KEY, 'sessionStorage') === null) return;
  // Whoever needs the key gets the error.
  thisTab().catch(() => undefined);
}

/** The keys of all open tabs; undefined where the browser has no locks. */
export async function openTabs(): Promise<ReadonlySet<string> | undefined> {
  if (!('locks' in navigator)) return undefined;
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (isTabKey(name) ? name : [])));
}

async function claim(): Promise<Tab> {
  const known = readStored(STORAGE_KEY, 'sessionStorage');
  if (isTabKey(known) && (await lock(known))) return { key: known, duplicateOf: undefined };
  const key = `${PREFIX}${Date.now()} ${Math.random()}`;
  writeStored(STORAGE_KEY, key, 'sessionStorage');
  await lock(key);
  return { key, duplicateOf: known ?? undefined };
}

/** Locks a name until the page is closed. @returns false if another page has locked it */
function lock(name: string): Promise<boolean> {
  if (!('locks' in navigator)) return Promise.resolve(true);
  return new Promise((resolve, reject) => {
    const hold = (granted: Lock | null): Promise<void> | undefined => {
      resolve(granted !== null);
      // The lock is released when this is resolved, or the page is closed.
      return granted ? new Promise(() => undefined) : undefined;
    };
    navigator.locks.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}
