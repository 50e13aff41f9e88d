import { createStore, del, get, set } from 'idb-keyval';
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

const KEY = 'draft';
/** IndexedDB of a damaged profile may never answer. Milliseconds. */
const TIMEOUT_MS = 3_000;

/**
 * Keeps one draft in IndexedDB, which can store photos, and in memory, for browsers that block IndexedDB. Nothing here
 * throws.
 */
export function createDrafts(): Drafts {
  let kept = $state(true);
  let current: Draft | undefined;
  let loaded = false;
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

  return {
    get kept() {
      return kept;
    },
    async load() {
      if (!loaded) {
        const stored = await attempt(() => get<Draft>(KEY, store()));
        current ??= stored;
        loaded = true;
      }
      return current;
    },
    async save(draft) {
      current = draft;
      loaded = true;
      await attempt(() => set(KEY, draft, store()));
    },
    async drop() {
      current = undefined;
      loaded = true;
      await attempt(() => del(KEY, store()));
    },
  };
}

/** Opens the database on first use: its constructor throws where IndexedDB is missing. */
function lazy<T>(create: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= create());
}

/** The draft of this browser. */
export const drafts: Drafts = createDrafts();
