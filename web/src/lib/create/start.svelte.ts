import { m } from '#lib/i18n/index.ts';
import { DEFAULT_CROP } from './crop.ts';
import { drafts as browserDrafts } from './draft.svelte.ts';
import type { Drafts } from './draft.svelte.ts';
import { photoMessage } from './photo-message.ts';
import { PhotoError, readPhoto } from './read-photo.ts';

/** A draft that the start page offers to continue. */
export interface OfferedDraft {
  /** Where it continues. */
  readonly href: string;
  /** Object URL of its photo; undefined for a draft from an existing video. */
  readonly photoUrl: string | undefined;
}

/** The state of the start page. `opening`, `problem` and `draft` are reactive. */
export interface Start {
  /** A photo is being opened. */
  readonly opening: boolean;
  /** The message for the last error. */
  readonly problem: string | undefined;
  readonly draft: OfferedDraft | undefined;
  /** Makes a photo the draft. @returns whether it can be used; otherwise `problem` says why */
  openPhoto(file: Blob): Promise<boolean>;
  /** Likewise, for the photo at an address. */
  openSample(url: string): Promise<boolean>;
  /** Looks for a draft that was not used. */
  loadDraft(): Promise<void>;
  dropDraft(): Promise<void>;
}

/** @param signal aborted when the page is left */
export function createStart(signal: AbortSignal, drafts: Drafts = browserDrafts): Start {
  let opening = $state(false);
  let problem = $state<string>();
  let draft = $state.raw<OfferedDraft>();

  const forget = (): void => {
    if (draft?.photoUrl !== undefined) URL.revokeObjectURL(draft.photoUrl);
    draft = undefined;
  };
  signal.addEventListener('abort', forget, { once: true });

  const open = async (read: () => Promise<Blob>): Promise<boolean> => {
    if (opening) return false;
    opening = true;
    problem = undefined;
    try {
      const { blob, width, height, url } = await readPhoto(await read());
      URL.revokeObjectURL(url);
      // The user is on another page, and must not be pulled off it.
      if (signal.aborted) return false;
      // A full disk must not stop the user: the draft is in memory already.
      void drafts.save({ source: { kind: 'photo', blob, width, height }, crop: DEFAULT_CROP, used: false });
      return true;
    } catch (error) {
      // Anything else is a sample photo that could not be fetched.
      if (!signal.aborted) problem = error instanceof PhotoError ? photoMessage(error) : m.common_error_connection();
      return false;
    } finally {
      opening = false;
    }
  };

  return {
    get opening() {
      return opening;
    },
    get problem() {
      return problem;
    },
    get draft() {
      return draft;
    },
    openPhoto: (file) => open(() => Promise.resolve(file)),
    openSample: (url) =>
      open(async () => {
        const response = await fetch(url, { signal });
        if (!response.ok) throw new TypeError(`fetching the sample photo failed with status ${response.status}`);
        return response.blob();
      }),
    async loadDraft() {
      const stored = await drafts.load();
      if (!stored || stored.used || signal.aborted) return;
      forget();
      draft =
        stored.source.kind === 'photo'
          ? { href: '/create', photoUrl: URL.createObjectURL(stored.source.blob) }
          : { href: createHref(stored.source), photoUrl: undefined };
    },
    async dropDraft() {
      forget();
      await drafts.drop();
    },
  };
}

/** The link that opens the create screen with an existing video, as `parseCreateIntent` reads it. */
function createHref({ kind, name }: { readonly kind: 'seed' | 'motion' | 'continue'; readonly name: string }): string {
  const id = name.slice('videos/'.length);
  if (kind === 'continue') return `/create?continue=${id}`;
  return `/create?from=${id}${kind === 'motion' ? '&motion=more' : ''}`;
}
