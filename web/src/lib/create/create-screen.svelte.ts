import { Video_State } from '@cinematica/protocol/v1';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { errorMessage, isUnreachable, retryDelay } from '#lib/api/errors.ts';
import { m } from '#lib/i18n/index.ts';
import { takeSharedPhoto } from '#lib/pwa/shared-photo.ts';
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
import { photoMessage } from './photo-message.ts';
import { readPhoto } from './read-photo.ts';
import { rememberPhoto } from './recent-photo.ts';
import { videoSize } from './shapes.ts';
import { videoSource } from './source.ts';
import type { Source } from './source.ts';
import { createSubmission } from './submission.svelte.ts';
import { increaseMotion } from './variation.ts';

/** The key of the last choices in `localStorage`. */
const STORAGE_KEY = 'cinematica.create';

export type CreateScreen = ReturnType<typeof createScreen>;

/**
 * The state and the actions of the create screen. Its properties are reactive.
 *
 * @param intent what the screen was opened for; undefined if the user chooses a photo
 * @param signal aborted when the screen is left
 */
export function createScreen(intent: CreateIntent | undefined, signal: AbortSignal, api: Api = gateway) {
  const capabilities = loadCapabilities(api, signal);
  const submission = createSubmission(api, signal);
  let source = $state.raw<Source>();
  let opening = $state(intent !== undefined);
  let choices = $state.raw<Choices>(DEFAULT_CHOICES);
  let crop = $state.raw<Crop>(DEFAULT_CROP);
  let problem = $state<string>();
  let retryAt = $state<number>();

  const model = $derived(capabilities.value?.models[0]);
  const frame = $derived<Size | undefined>(
    source && (model ? videoSize(choices.shape, source.picture, model) : source.picture),
  );

  const setChoices = (next: Choices): void => {
    choices = next;
    if (source && frame) crop = clampCrop(crop, source.picture, frame);
  };
  capabilities.loaded
    .then((loaded) => setChoices(parseChoices(localStorage.getItem(STORAGE_KEY), loaded)))
    // The screen was left, or the browser blocks its storage.
    .catch(() => undefined);

  // Object URLs of photos that a video is made from belong to `rememberPhoto`.
  const handedOver: string[] = [];
  const revokePhoto = (): void => {
    if (source?.kind === 'photo' && !handedOver.includes(source.picture.url)) URL.revokeObjectURL(source.picture.url);
  };
  signal.addEventListener('abort', revokePhoto, { once: true });

  const clearProblem = (): void => {
    problem = undefined;
    retryAt = undefined;
  };

  const setSource = (next: Source | undefined): void => {
    revokePhoto();
    source = next;
    crop = DEFAULT_CROP;
    clearProblem();
  };

  /** Runs an action that opens a source; an error becomes the screen's problem. */
  const tryToOpen = async (open: () => Promise<void>): Promise<void> => {
    opening = true;
    problem = undefined;
    try {
      await open();
    } catch (error) {
      if (!signal.aborted) problem = photoMessage(error);
    } finally {
      opening = false;
    }
  };

  const readFile = async (file: Blob): Promise<void> => setSource({ kind: 'photo', picture: await readPhoto(file) });

  const openPhoto = (file: Blob): Promise<void> => tryToOpen(() => readFile(file));

  const openSample = (url: string): Promise<void> =>
    tryToOpen(async () => {
      const response = await fetch(url, { signal });
      if (!response.ok) throw new TypeError(`fetching the sample photo failed with status ${response.status}`);
      await readFile(await response.blob());
    });

  const openShared = async (): Promise<void> => {
    const file = await takeSharedPhoto();
    if (file) await readFile(file);
    else problem = m.create_not_shared();
  };

  const openVideo = async ({ kind, name }: Exclude<CreateIntent, { kind: 'shared' }>): Promise<void> => {
    const continued = kind === 'continue';
    const [{ video }, { models, limits }] = await Promise.all([
      api.getVideo({ name }, { signal }),
      capabilities.loaded,
    ]);
    const { settings } = video ?? {};
    const [videoModel] = models;
    const next = video && videoSource(video, continued ? 'continue' : 'video');
    if (!settings || !videoModel || !next) {
      const unfinished = video?.state === Video_State.QUEUED || video?.state === Video_State.RUNNING;
      problem = unfinished ? m.common_error_not_ready() : m.create_source_missing();
      return;
    }
    setSource(next);
    const previous = fromSettings(settings, next.picture, videoModel);
    const motion = previous.overrides.motionBucketId ?? settings.motionBucketId;
    setChoices(
      kind === 'motion' && motion !== undefined
        ? withNumber(previous, 'motionBucketId', increaseMotion(motion, limits?.motionBucketId), videoModel)
        : previous,
    );
    if (!continued && frame) crop = clampCrop(cropFromSettings(settings), next.picture, frame);
  };

  if (intent) void tryToOpen(() => (intent.kind === 'shared' ? openShared() : openVideo(intent)));

  const submit = async (): Promise<string | undefined> => {
    if (!source || !model || submission.state !== 'idle') return undefined;
    const submitted = source;
    clearProblem();
    try {
      const { name } = await submission.submit(submitted, toSettings(choices, crop, model));
      storeChoices(choices);
      if (submitted.kind !== 'continue') {
        handedOver.push(submitted.picture.url);
        rememberPhoto(name, submitted.picture);
      }
      return name;
    } catch (error) {
      if (signal.aborted) return undefined;
      problem = errorMessage(error);
      const delayMs = retryDelay(error);
      retryAt = delayMs === undefined || isUnreachable(error) ? undefined : Date.now() + delayMs;
      return undefined;
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
    openPhoto,
    openSample,
    setChoices,
    setCrop: (next: Crop): void => {
      crop = next;
    },
    /** Goes back to choosing a photo. */
    clear: (): void => setSource(undefined),
    /** Requests the video. @returns its name; undefined if it was refused, in which case `problem` says why */
    submit,
  };
}

/** Keeps the choices for the next visit, if the browser's storage is neither full nor blocked. */
function storeChoices(choices: Choices): void {
  try {
    localStorage.setItem(STORAGE_KEY, serializeChoices(choices));
  } catch {
    // The video has been created, which is what matters.
  }
}
