import { createStore, delMany, get, keys, set, setMany } from 'idb-keyval';
import { isTabKey, openTabs, thisTab } from '#lib/storage/tab.ts';
import type { CreateIntent } from './create-intent.ts';
import type { Crop } from './crop.ts';

/** The source of a draft: a chosen photo, or an existing video. */
export type DraftSource =
  | { readonly kind: 'photo'; readonly blob: Blob; readonly width: number; readonly height: number }
  | Exclude<CreateIntent, { kind: 'shared' }>;

/** What the user has prepared and not yet sent: it survives reloads, crashes and other pages. */
export interface Draft {
  readonly source: DraftSource;
  readonly crop: Crop;
  /** As {@link serializeChoices} writes them. */
  readonly choices?: string;
  readonly seed?: number | undefined;
  readonly variants?: number;
  /** A video was made of it. It is kept for the way back, but no longer offered. */
  readonly used: boolean;
}

export interface Drafts {
  /** Whether the last draft is stored, so that it survives a reload. Reactive. */
  readonly kept: boolean;
  load(): Promise<Draft | undefined>;
  save(draft: Draft): Promise<void>;
  /** Forgets the draft, also where a tab that is closed has stored it. */
  drop(): Promise<void>;
}

/** Where the key of the newest draft is stored, for tabs without their own. */
const NEWEST = 'newest';
/** How many tabs' drafts are kept, under the keys of their tabs: photos are large. */
const MAX_TABS = 4;
/** IndexedDB of a damaged profile may never answer. Milliseconds. */
const TIMEOUT_MS = 3_000;

/** The keys of the oldest drafts of too many other tabs. @param all in their order, as IndexedDB lists them */
const surplus = (all: readonly IDBValidKey[], own: string): IDBValidKey[] =>
  all.filter((key) => isTabKey(key) && key !== own).slice(0, -(MAX_TABS - 1));

/**
 * Keeps the draft of this tab in IndexedDB, which can store photos, and in memory, for browsers that block IndexedDB. A tab
 * without a draft has the newest one, and a duplicated tab a copy of its original's. Nothing here throws.
 */
export function createDrafts(): Drafts {
  let kept = $state(true);
  let current: Draft | undefined;
  let loaded = false;
  /** The key under which another tab has stored the draft that this tab has found. */
  let origin: string | undefined;
  const store = lazy(() => createStore('cinematica', 'drafts'));

  const attempt = async <T>(action: () => Promise<T>): Promise<T | undefined> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new DOMException('IndexedDB does not answer', 'TimeoutError')), TIMEOUT_MS);
    });
    try {
      const result = await Promise.race([action(), late]);
      kept = true;
      return result;
    } catch {
      kept = false;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };

  const find = async (): Promise<void> => {
    const { key, duplicateOf } = await thisTab();
    for (const from of [key, duplicateOf, await get<string>(NEWEST, store())]) {
      const draft = from === undefined ? undefined : await get<Draft>(from, store());
      if (!draft) continue;
      // A draft that was saved in the meantime is newer.
      if (loaded) return;
      current = draft;
      loaded = true;
      if (from !== key) origin = from;
      // What happens in the original from now on is not for its duplicate.
      if (from === duplicateOf) await set(key, draft, store());
      return;
    }
  };

  return {
    get kept() {
      return kept;
    },
    async load() {
      if (!loaded) await attempt(find);
      loaded = true;
      return current;
    },
    async save(draft) {
      current = draft;
      loaded = true;
      await attempt(async () => {
        const { key } = await thisTab();
        await setMany(
          [
            [key, draft],
            [NEWEST, key],
          ],
          store(),
        );
        // A tab that is closed needs no copy of what this tab has taken over.
        const isClosed = origin !== undefined && (await openTabs())?.has(origin) === false;
        const takenOver = origin !== undefined && isClosed ? [origin] : [];
        origin = undefined;
        await delMany([...takenOver, ...surplus(await keys(store()), key)], store());
      });
    },
    async drop() {
      current = undefined;
      loaded = true;
      await attempt(async () => {
        const { key } = await thisTab();
        // A tab that is open keeps its draft.
        const isOpen = origin !== undefined && (await openTabs())?.has(origin) === true;
        await delMany([key, NEWEST, ...(origin === undefined || isOpen ? [] : [origin])], store());
        origin = undefined;
      });
    },
  };
}

/** Opens the database on first use: its constructor throws where IndexedDB is missing. */
function lazy<T>(create: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= create());
}

/** The draft of this tab. */
export const drafts: Drafts = createDrafts();
