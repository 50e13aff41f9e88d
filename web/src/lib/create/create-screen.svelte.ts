import type { Capabilities, Video } from '@cinematica/protocol/v1';
import { MediaKind, Video_State } from '@cinematica/protocol/v1';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { errorMessage, isOutOfReach, retryDelay } from '#lib/api/errors.ts';
import { pickMedia } from '#lib/api/media.ts';
import { createPulse } from '#lib/api/pulse.ts';
import { m } from '#lib/i18n/index.ts';
import { takeSharedPhoto } from '#lib/pwa/shared-photo.ts';
import { moreMotion } from './again.ts';
import type { Wanted } from './again.ts';
import { choicesOf, cropOf, FIRST_CHOICES, restoreChoices, settingsOf, storeChoices, withNumber } from './choices.ts';
import type { Choices } from './choices.ts';
import { settled, WHOLE } from './crop.ts';
import type { Crop, Size } from './crop.ts';
import { photoMessage } from './photo-message.ts';
import { readPhoto } from './read-photo.ts';
import type { ReadPhoto } from './read-photo.ts';
import { recentPhoto, rememberPhoto } from './recent-photo.ts';
import type { Picture } from './recent-photo.ts';
import { createOrder, sendOrder } from './send.ts';
import type { Order, Wish } from './send.ts';
import { videoSize } from './shapes.ts';

/** What a video is to be made of. */
export type Source =
  | { readonly kind: 'photo'; readonly picture: ReadPhoto }
  | { readonly kind: 'video'; readonly picture: Picture; readonly video: Video }
  /** The picture is a film, of which the end is shown. */
  | { readonly kind: 'continue'; readonly picture: Picture; readonly video: Video };

/** `waiting`: without a connection; it goes on by itself. */
export type Sending = 'no' | 'sending' | 'waiting';

const STORED = 'cinematica.create';
/** Pauses between questions to a gateway that does not answer: the first and the longest, in milliseconds. */
const [PAUSE, LONGEST_PAUSE] = [1000, 20_000];

export type CreateScreen = ReturnType<typeof createScreen>;

/**
 * The state of the create screen, and what can be done on it.
 *
 * @param wanted what the page was opened for
 * @param signal ends it
 */
export function createScreen(wanted: Wanted | undefined, signal: AbortSignal, api: Api = gateway) {
  let capabilities = $state.raw<Capabilities>();
  let unreachable = $state(false);
  let source = $state.raw<Source>();
  let opening = $state(wanted !== undefined);
  let choices = $state.raw<Choices>(FIRST_CHOICES);
  let crop = $state.raw<Crop>(WHOLE);
  let problem = $state<string>();
  let retryAt = $state<number>();
  let sending = $state<Sending>('no');
  let pending: { readonly key: string; readonly source: Source; readonly order: Order } | undefined;

  const model = $derived(capabilities?.models[0]);
  const frame = $derived<Size | undefined>(
    source && (model ? videoSize(choices.shape, source.picture, model) : source.picture),
  );

  const choose = (next: Choices): void => {
    choices = next;
    if (source && frame) crop = settled(crop, source.picture, frame);
  };

  /** Asks until there is an answer. */
  const learn = async (): Promise<Capabilities> => {
    const pulse = createPulse(signal);
    for (let pause = PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      signal.throwIfAborted();
      const beat = pulse.beat();
      try {
        const answer = await api.getCapabilities({}, { signal: beat });
        if (answer.capabilities) {
          unreachable = false;
          return answer.capabilities;
        }
      } catch {
        signal.throwIfAborted();
        unreachable = !beat.aborted;
      }
      await pulse.next(pause);
    }
  };
  const learnt = learn().then((answer) => {
    capabilities = answer;
    choices = restoreChoices(localStorage.getItem(STORED), answer);
    if (source && frame) crop = settled(crop, source.picture, frame);
    return answer;
  });
  // Only the end of the page rejects it.
  learnt.catch(() => undefined);

  // A photo that a video is made of by now is the next screen's.
  const given: string[] = [];
  const release = (): void => {
    if (source?.kind === 'photo' && !given.includes(source.picture.url)) URL.revokeObjectURL(source.picture.url);
  };
  signal.addEventListener('abort', release, { once: true });

  const show = (next: Source | undefined): void => {
    release();
    source = next;
    crop = WHOLE;
    problem = undefined;
    retryAt = undefined;
  };

  /** Runs what opens a photo; what goes wrong is said on the screen. */
  const attempt = async (open: () => Promise<void>): Promise<void> => {
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

  const open = (file: Blob): Promise<void> =>
    attempt(async () => show({ kind: 'photo', picture: await readPhoto(file) }));

  const openSample = (url: string): Promise<void> =>
    attempt(async () => {
      const response = await fetch(url, { signal });
      if (!response.ok) throw new TypeError(`the sample can't be fetched: ${response.status}`);
      show({ kind: 'photo', picture: await readPhoto(await response.blob()) });
    });

  const openShared = async (): Promise<void> => {
    const file = await takeSharedPhoto();
    if (file) show({ kind: 'photo', picture: await readPhoto(file) });
    else problem = m.create_not_shared();
  };

  const openVideo = async ({ how, name }: Exclude<Wanted, { how: 'shared' }>): Promise<void> => {
    const [{ video }, known] = await Promise.all([api.getVideo({ name }, { signal }), learnt]);
    const { settings } = video ?? {};
    const card = known.models[0];
    const media = video && pickMedia(video, how === 'continue' ? MediaKind.MP4 : MediaKind.PHOTO);
    if (!video || !settings || !card || !media) {
      const later = video?.state === Video_State.QUEUED || video?.state === Video_State.RUNNING;
      problem = later ? m.common_error_not_ready() : m.create_no_frame();
      return;
    }
    const picture = (how === 'continue' ? undefined : recentPhoto(name)) ?? media;
    show({ kind: how === 'continue' ? 'continue' : 'video', picture, video });
    const like = choicesOf(settings, picture, card);
    const now = like.own.motionBucketId ?? settings.motionBucketId;
    choose(
      how === 'motion' && now !== undefined
        ? withNumber(like, 'motionBucketId', moreMotion(now, known.limits?.motionBucketId), card)
        : like,
    );
    if (how !== 'continue' && frame) crop = settled(cropOf(settings), picture, frame);
  };

  if (wanted) void attempt(() => (wanted.how === 'shared' ? openShared() : openVideo(wanted)));

  const wish = async (of: Source, settings: ReturnType<typeof settingsOf>): Promise<Wish> => {
    switch (of.kind) {
      case 'photo': {
        const value = new Uint8Array(await of.picture.blob.arrayBuffer());
        return { source: { case: 'image', value }, settings };
      }
      case 'video':
        return { source: { case: 'video', value: of.video.name }, settings };
      case 'continue':
        return { source: { case: 'continueFrom', value: of.video.name }, settings };
    }
  };

  /** @returns the new video's name; undefined where it was refused, which is said on the screen */
  const animate = async (): Promise<string | undefined> => {
    if (!source || !model || sending !== 'no') return undefined;
    const of = source;
    problem = undefined;
    retryAt = undefined;
    sending = 'sending';
    try {
      const settings = settingsOf(choices, crop, model);
      // As long as nothing was changed it is the same order, however often it has to be sent.
      const key = JSON.stringify(settings);
      if (pending?.source !== of || pending.key !== key) {
        pending = { key, source: of, order: createOrder(await wish(of, settings)) };
      }
      const onwaiting = (waiting: boolean): void => {
        sending = waiting ? 'waiting' : 'sending';
      };
      const { name } = await sendOrder(pending.order, { api, onwaiting }, signal);
      pending = undefined;
      localStorage.setItem(STORED, storeChoices(choices));
      if (of.kind !== 'continue') {
        given.push(of.picture.url);
        rememberPhoto(name, of.picture);
      }
      return name;
    } catch (error) {
      if (signal.aborted) return undefined;
      sending = 'no';
      problem = errorMessage(error);
      const delay = retryDelay(error);
      retryAt = delay === undefined || isOutOfReach(error) ? undefined : Date.now() + delay;
      return undefined;
    }
  };

  return {
    get capabilities() {
      return capabilities;
    },
    get model() {
      return model;
    },
    /** The gateway does not say what it can do. */
    get unreachable() {
      return unreachable;
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
    /** The video's size in pixels, or, before the system is known, the photo's. */
    get frame() {
      return frame;
    },
    /** What went wrong, in words. */
    get problem() {
      return problem;
    },
    /** From when on trying again makes sense, as of `Date.now()`. */
    get retryAt() {
      return retryAt;
    },
    get sending() {
      return sending;
    },
    open,
    openSample,
    choose,
    frameTo: (next: Crop): void => {
      crop = next;
    },
    clear: (): void => show(undefined),
    animate,
  };
}
