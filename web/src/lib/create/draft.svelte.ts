import { createStore, delMany, getMany, keys, setMany } from 'idb-keyval';
import { readStored, writeStored } from '#lib/storage/safe-storage.ts';
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
  drop(): Promise<void>;
}

/** The newest draft, for tabs without their own. */
const NEWEST = 'draft';
const TAB_PREFIX = 'draft of ';
/** How many tabs' drafts are kept: photos are large. */
const MAX_TABS = 4;
/** In the session storage, which every tab has its own of. */
const TAB_KEY = 'cinematica.tab';
/** IndexedDB of a damaged profile may never answer. Milliseconds. */
const TIMEOUT_MS = 3_000;

/** The key of this tab's draft. It begins with the time of the tab's first draft, so that older tabs' keys come first. */
function tabKey(): string {
  const known = readStored(TAB_KEY, 'sessionStorage');
  const key = known ?? `${TAB_PREFIX}${Date.now()} ${Math.random()}`;
  if (known === null) writeStored(TAB_KEY, key, 'sessionStorage');
  return key;
}

/** The keys of the oldest drafts of too many other tabs. @param all in their order, as IndexedDB lists them */
const surplus = (all: readonly IDBValidKey[], own: string): IDBValidKey[] =>
  all.filter((key) => typeof key === 'string' && key.startsWith(TAB_PREFIX) && key !== own).slice(0, -(MAX_TABS - 1));

/**
 * Keeps the draft of this tab in IndexedDB, which can store photos, and in memory, for browsers that block IndexedDB. A tab
 * without a draft has the newest one. Nothing here throws.
 */
export function createDrafts(): Drafts {
  let kept = $state(true);
  let current: Draft | undefined;
  let loaded = false;
  const store = lazy(() => createStore('cinematica', 'drafts'));
  const own = lazy(tabKey);

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

  return {
    get kept() {
      return kept;
    },
    async load() {
      if (!loaded) {
        const stored = await attempt(() => getMany<Draft | undefined>([own(), NEWEST], store()));
        current ??= stored?.[0] ?? stored?.[1];
        loaded = true;
      }
      return current;
    },
    async save(draft) {
      current = draft;
      loaded = true;
      await attempt(async () => {
        await setMany(
          [
            [own(), draft],
            [NEWEST, draft],
          ],
          store(),
        );
        await delMany(surplus(await keys(store()), own()), store());
      });
    },
    async drop() {
      current = undefined;
      loaded = true;
      await attempt(() => delMany([own(), NEWEST], store()));
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
