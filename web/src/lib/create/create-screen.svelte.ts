import { Video_State } from '@cinematica/protocol/v1';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { errorMessage, isUnreachable, retryDelay } from '#lib/api/errors.ts';
import { m } from '#lib/i18n/index.ts';
import { takeSharedPhoto } from '#lib/pwa/shared-photo.ts';
import { cookiesWork } from '#lib/storage/cookies.ts';
import { readStored, writeStored } from '#lib/storage/safe-storage.ts';
import { loadCapabilities } from './capabilities.svelte.ts';
import {
  cropFromSettings,
  DEFAULT_CHOICES,
  fromSettings,
  parseChoices,
  serializeChoices,
  toSettings,
  withNumber,
} from './choices.ts';
import type { Choices } from './choices.ts';
import type { CreateIntent } from './create-intent.ts';
import { clampCrop, DEFAULT_CROP } from './crop.ts';
import type { Crop, Size } from './crop.ts';
import { drafts as browserDrafts } from './draft.svelte.ts';
import type { Draft, Drafts, DraftSource } from './draft.svelte.ts';
import { photoMessage } from './photo-message.ts';
import { PhotoError, readPhoto } from './read-photo.ts';
import { rememberPhoto } from './recent-photo.ts';
import { videoSize } from './shapes.ts';
import { videoSource } from './source.ts';
import type { Source } from './source.ts';
import { createSubmission } from './submission.svelte.ts';
import { increaseMotion } from './variation.ts';

/** The key of the last choices in `localStorage`. */
const STORAGE_KEY = 'cinematica.create';
/** A change is saved after this pause. Milliseconds. */
const SAVE_AFTER_MS = 300;

export type CreateScreen = ReturnType<typeof createScreen>;

/**
 * The state and the actions of the screen that prepares a video. Its properties are reactive.
 *
 * @param intent what the screen was opened for; undefined for the photo of the draft
 * @param signal aborted when the screen is left
 */
export function createScreen(
  intent: CreateIntent | undefined,
  signal: AbortSignal,
  api: Api = gateway,
  drafts: Drafts = browserDrafts,
) {
  const capabilities = loadCapabilities(api, signal);
  const submission = createSubmission(api, signal);
  let source = $state.raw<Source>();
  let opening = $state(true);
  let choices = $state.raw<Choices>(DEFAULT_CHOICES);
  let crop = $state.raw<Crop>(DEFAULT_CROP);
  let problem = $state<string>();
  let retryAt = $state<number>();
  /** Whether the user or a draft has set the choices, so that those of the last visit come too late. */
  let chosen = false;
  let used = false;

  const model = $derived(capabilities.value?.models[0]);
  const frame = $derived<Size | undefined>(
    source && (model ? videoSize(choices.shape, source.picture, model) : source.picture),
  );

  const applyChoices = (next: Choices): void => {
    choices = next;
    if (source && frame) crop = clampCrop(crop, source.picture, frame);
  };
  capabilities.loaded
    .then((loaded) => {
      if (!chosen) applyChoices(parseChoices(readStored(STORAGE_KEY), loaded));
    })
    // The screen was left.
    .catch(() => undefined);

  // The draft is saved after a pause, and at once when the page is left.
  let saving: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    if (saving === undefined) return;
    clearTimeout(saving);
    saving = undefined;
    const draft = currentDraft();
    if (draft) void drafts.save(draft);
  };
  const saveSoon = (): void => {
    clearTimeout(saving);
    saving = setTimeout(flush, SAVE_AFTER_MS);
  };
  if (typeof document !== 'undefined') document.addEventListener('visibilitychange', flush, { signal });

  function currentDraft(): Draft | undefined {
    const from = source && draftSource(source, intent);
    if (!from) return undefined;
    const { seed, variants } = choices;
    return { source: from, crop, choices: serializeChoices(choices), seed, variants, used };
  }

  const revokePhoto = (): void => {
    if (source?.kind === 'photo') URL.revokeObjectURL(source.picture.url);
  };
  const leave = (): void => {
    flush();
    revokePhoto();
  };
  signal.addEventListener('abort', leave, { once: true });

  const clearProblem = (): void => {
    problem = undefined;
    retryAt = undefined;
  };

  const setSource = (next: Source): void => {
    revokePhoto();
    source = next;
    crop = DEFAULT_CROP;
    used = false;
    clearProblem();
  };

  /** Runs an action that opens a source; an error becomes the screen's problem. @returns whether it succeeded */
  const tryToOpen = async (open: () => Promise<boolean>): Promise<boolean> => {
    opening = true;
    problem = undefined;
    try {
      return await open();
    } catch (error) {
      if (!signal.aborted) problem = error instanceof PhotoError ? photoMessage(error) : errorMessage(error);
      return false;
    } finally {
      opening = false;
    }
  };

  const readFile = async (file: Blob): Promise<boolean> => {
    setSource({ kind: 'photo', picture: await readPhoto(file) });
    saveSoon();
    flush();
    return true;
  };

  const openShared = async (): Promise<boolean> => {
    const file = await takeSharedPhoto();
    if (file) return readFile(file);
    // The page was reloaded: the photo is in the draft by now.
    if (await openDraft()) return true;
    problem = m.create_not_shared();
    return false;
  };

  /** Takes over the choices and the crop of a draft. */
  const restore = async (draft: Draft): Promise<void> => {
    chosen = draft.choices !== undefined;
    crop = draft.crop;
    used = draft.used;
    if (draft.choices === undefined) return;
    const { choices: stored, seed, variants = 1 } = draft;
    // Without a connection the photo is shown nevertheless; its choices follow.
    void capabilities.loaded
      .then((loaded) => applyChoices({ ...parseChoices(stored, loaded), seed, variants }))
      .catch(() => undefined);
    if (capabilities.value) await capabilities.loaded;
  };

  /** Opens the photo of the draft. @returns false if there is none */
  const openDraft = async (): Promise<boolean> => {
    const draft = await drafts.load();
    if (draft?.source.kind !== 'photo' || signal.aborted) return false;
    const { blob, width, height } = draft.source;
    setSource({ kind: 'photo', picture: { blob, width, height, url: URL.createObjectURL(blob) } });
    await restore(draft);
    return true;
  };

  const openVideo = async ({ kind, name }: Exclude<CreateIntent, { kind: 'shared' }>): Promise<boolean> => {
    const continued = kind === 'continue';
    const [{ video }, { models, limits }, draft] = await Promise.all([
      api.getVideo({ name }, { signal }),
      capabilities.loaded,
      drafts.load(),
    ]);
    const { settings } = video ?? {};
    const [videoModel] = models;
    const next = video && videoSource(video, continued ? 'continue' : 'video');
    if (!settings || !videoModel || !next) {
      const unfinished = video?.state === Video_State.QUEUED || video?.state === Video_State.RUNNING;
      problem = unfinished ? m.common_error_not_ready() : m.create_source_missing();
      return false;
    }
    chosen = true;
    setSource(next);
    if (draft?.source.kind === kind && draft.source.name === name) {
      await restore(draft);
      return true;
    }
    const previous = fromSettings(settings, next.picture, videoModel);
    const motion = previous.overrides.motionBucketId ?? settings.motionBucketId;
    applyChoices(
      kind === 'motion' && motion !== undefined
        ? withNumber(previous, 'motionBucketId', increaseMotion(motion, limits?.motionBucketId), videoModel)
        : previous,
    );
    if (!continued && frame) crop = clampCrop(cropFromSettings(settings), next.picture, frame);
    return true;
  };

  void tryToOpen(() => {
    if (!intent) return openDraft();
    return intent.kind === 'shared' ? openShared() : openVideo(intent);
  });

  const report = (error: unknown): void => {
    problem = errorMessage(error);
    const delayMs = retryDelay(error);
    retryAt = delayMs === undefined || isUnreachable(error) ? undefined : Date.now() + delayMs;
  };

  const submit = async (): Promise<readonly string[]> => {
    if (!source || !model || submission.state !== 'idle') return [];
    clearProblem();
    if (!cookiesWork()) {
      problem = m.common_error_no_cookies();
      return [];
    }
    const submitted = source;
    try {
      const videos = await submission.submit(submitted, toSettings(choices, crop, model), choices.variants);
      const names = videos.map(({ name }) => name);
      writeStored(STORAGE_KEY, serializeChoices(choices));
      used = true;
      saveSoon();
      flush();
      for (const name of names) {
        if (submitted.kind === 'photo') {
          const { blob, width, height } = submitted.picture;
          rememberPhoto(name, { width, height, url: URL.createObjectURL(blob) });
        } else if (submitted.kind === 'video') rememberPhoto(name, submitted.picture);
      }
      return names;
    } catch (error) {
      // The screen was left, or the user stopped the request.
      if (!signal.aborted && !submission.stopped) report(error);
      return [];
    }
  };

  return {
    get capabilities() {
      return capabilities.value;
    },
    get model() {
      return model;
    },
    /** Whether the capabilities could not be loaded; they are retried. */
    get unreachable() {
      return capabilities.unreachable;
    },
    get source() {
      return source;
    },
    get opening() {
      return opening;
    },
    get choices() {
      return choices;
    },
    get crop() {
      return crop;
    },
    /** The video's size in pixels; the picture's size until the capabilities are loaded. */
    get frame() {
      return frame;
    },
    /** The message for the last error. */
    get problem() {
      return problem;
    },
    /** When the gateway accepts a retry, in milliseconds since 1970. */
    get retryAt() {
      return retryAt;
    },
    get submission() {
      return submission.state;
    },
    /** Whether a reload would lose the draft, because the browser stores nothing. */
    get unkept() {
      return !drafts.kept;
    },
    /** Opens another photo; the current one stays until the new one can be used. @returns whether it was opened */
    openPhoto: (file: Blob): Promise<boolean> => tryToOpen(() => readFile(file)),
    setChoices: (next: Choices): void => {
      chosen = true;
      applyChoices(next);
      saveSoon();
    },
    setCrop: (next: Crop): void => {
      crop = next;
      saveSoon();
    },
    /** Requests the videos. @returns their names; none if they were refused, in which case `problem` says why */
    submit,
    /** Stops a request that has not been answered. */
    stop: (): void => submission.stop(),
  };
}

/** What is stored of a source: a photo itself, or the name of a video. */
function draftSource(source: Source, intent: CreateIntent | undefined): DraftSource | undefined {
  if (source.kind === 'photo') {
    const { blob, width, height } = source.picture;
    return { kind: 'photo', blob, width, height };
  }
  return intent?.kind === 'shared' ? undefined : intent;
}
