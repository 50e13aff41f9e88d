import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  CameraMove,
  MediaKind,
  Preset,
  Quality,
  Resolution,
  Sampler,
  Video_State,
  VideoSchema,
} from '@cinematica/protocol/v1';
import type { CreateVideoRequest, Video } from '@cinematica/protocol/v1';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { m } from '#lib/i18n/index.ts';
import { photoFile, stubCookies, stubPhotoDecoding, stubStorage } from '../../../test/fake-browser.ts';
import { CAPABILITIES, fakeGateway, gatewayError } from '../../../test/fake-gateway.ts';
import { withNumber } from './choices.ts';
import type { CreateIntent } from './create-intent.ts';
import { createScreen } from './create-screen.svelte.ts';
import { DEFAULT_CROP } from './crop.ts';
import { createDrafts } from './draft.svelte.ts';
import type { Draft, Drafts } from './draft.svelte.ts';
import { recentPhoto } from './recent-photo.ts';

let end: AbortController;
let storage: Map<string, string>;
/** In memory, because Node has no IndexedDB. */
let drafts: Drafts;

beforeEach(() => {
  end = new AbortController();
  storage = stubStorage();
  drafts = createDrafts();
  stubCookies();
  stubPhotoDecoding();
});

afterEach(() => {
  end.abort();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

type Methods = Parameters<typeof fakeGateway>[0];

/** A screen whose gateway has the capabilities and these methods. */
function openScreen(methods: Methods = {}, intent?: CreateIntent) {
  const getCapabilities = () => ({ capabilities: CAPABILITIES });
  return createScreen(intent, end.signal, fakeGateway({ getCapabilities, ...methods }), drafts);
}

/** A screen with loaded capabilities and a chosen photo. */
async function openWithPhoto(methods: Methods = {}) {
  const screen = openScreen(methods);
  await expect.poll(() => screen.model?.name).toBe('svd-xt');
  await screen.openPhoto(photoFile(1600, 900));
  return screen;
}

/** Methods that accept requests for videos, and the requests. */
function acceptingGateway(
  answer: (count: number) => Video = (count) => create(VideoSchema, { name: `videos/${count}` }),
) {
  const requests: CreateVideoRequest[] = [];
  return {
    requests,
    methods: {
      createVideo(request: CreateVideoRequest) {
        requests.push(request);
        return { video: answer(requests.length) };
      },
    },
  };
}

describe('choosing a photo', () => {
  test('shows the scaled-down photo in a frame of the size that the video will have', async () => {
    const screen = openScreen();
    await expect.poll(() => screen.model?.name).toBe('svd-xt');
    const opened = screen.openPhoto(photoFile(4000, 3000));
    expect(screen.opening).toBe(true);
    await opened;
    expect(screen.opening).toBe(false);
    expect(screen.source).toMatchObject({ kind: 'photo', picture: { width: 2560, height: 1920 } });
    expect(screen.frame).toMatchObject({ width: 832, height: 640 });
  });

  test('works before the capabilities are loaded, in a frame of the photo’s size', async () => {
    const screen = openScreen({ getCapabilities: () => new Promise(() => undefined) });
    await screen.openPhoto(photoFile(600, 400));
    expect(screen.frame).toMatchObject({ width: 600, height: 400 });
    expect(await screen.submit()).toEqual([]);
  });

  test.each([
    ['a text file', new Blob(['hello']), m.create_problem_not_a_photo],
    ['a HEIC file', new Blob(['\0\0\0\x24ftypheic\0\0\0\0mif1heic']), m.create_problem_heic],
    ['a damaged JPEG', new Blob([Uint8Array.of(0xff, 0xd8, 0xff, 0)]), m.create_problem_unreadable],
    ['a tiny photo', photoFile(15, 300), m.create_problem_too_small],
  ])('refuses %s with its reason, until another photo is chosen', async (_, file, message) => {
    const screen = openScreen();
    await screen.openPhoto(file);
    expect(screen.problem).toBe(message());
    expect(screen.source).toBeUndefined();
    await screen.openPhoto(photoFile(600, 400));
    expect(screen.problem).toBeUndefined();
    expect(screen.source?.kind).toBe('photo');
  });

  test('a HEIC photo that the browser cannot decode is sent as it is, with a picture of its shape in its place', async () => {
    const file = readFileSync(new URL('../../../../services/gateway/src/photo/fixtures/grid.heic', import.meta.url));
    const screen = openScreen();
    await screen.openPhoto(new Blob([file]));
    expect(screen.source).toMatchObject({ kind: 'photo', picture: { width: 96, height: 128 } });
    const { blob } = (screen.source as Extract<typeof screen.source, { kind: 'photo' }>).picture;
    expect(Buffer.from(await blob.arrayBuffer())).toEqual(file);
  });

  test('revokes the URL of a photo that is replaced or left behind', async () => {
    const revoke = vi.spyOn(URL, 'revokeObjectURL');
    const screen = openScreen();
    const urls: (string | undefined)[] = [];
    const openNext = async () => {
      await screen.openPhoto(photoFile(600, 400));
      urls.push(screen.source?.picture.url);
    };
    await openNext();
    await openNext();
    expect(revoke).toHaveBeenLastCalledWith(urls[0]);
    end.abort();
    expect(revoke).toHaveBeenLastCalledWith(urls[1]);
  });

  test('keeps the photo until another one can be opened', async () => {
    const screen = await openWithPhoto();
    const { source } = screen;
    expect(await screen.openPhoto(new Blob(['hello']))).toBe(false);
    expect(screen.problem).toBe(m.create_problem_not_a_photo());
    expect(screen.source).toBe(source);
  });

  test('crops a panorama instead of refusing it', async () => {
    const screen = openScreen();
    await expect.poll(() => screen.model?.name).toBe('svd-xt');
    await screen.openPhoto(photoFile(10_000, 500));
    expect(screen.source?.picture).toMatchObject({ width: 10_000, height: 500 });
    expect(screen.frame!.width / screen.frame!.height).toBeLessThan(2.5);
  });

  test('resets the crop of the previous photo', async () => {
    const screen = await openWithPhoto();
    screen.setCrop({ x: 0.4, y: 0.6, zoom: 2 });
    await screen.openPhoto(photoFile(900, 1600));
    expect(screen.crop).toEqual({ x: 0.5, y: 0.5, zoom: 1 });
  });
});

describe('settings', () => {
  test('start with the choices of the last visit, within the limits', async () => {
    storage = stubStorage({ 'cinematica.create': JSON.stringify({ preset: Preset.CALM, own: { frames: 9999 } }) });
    const screen = openScreen();
    await expect.poll(() => screen.choices).toMatchObject({ preset: Preset.CALM, overrides: { frames: 250 } });
  });

  test('keep the crop inside the photo when the shape changes', async () => {
    const screen = await openWithPhoto();
    screen.setCrop({ x: 0.1, y: 0.5, zoom: 5 });
    screen.setChoices({ ...screen.choices, shape: '1:1' });
    expect(screen.crop.zoom).toBe(5);
    screen.setCrop({ x: 0, y: 0, zoom: 1 });
    screen.setChoices({ ...screen.choices, shape: '9:16' });
    expect(screen.crop.x).toBeGreaterThan(0.1);
    expect(screen.crop.y).toBe(0.5);
  });
});

describe('the draft', () => {
  const photoDraft = (more: Partial<Draft> = {}): Draft => ({
    source: { kind: 'photo', blob: new Blob(['jpeg']), width: 1600, height: 900 },
    crop: DEFAULT_CROP,
    used: false,
    ...more,
  });

  test('has the photo, the crop and the choices of the screen, after it was left and opened again', async () => {
    const screen = await openWithPhoto();
    screen.setChoices({ ...withNumber(screen.choices, 'steps', 30, screen.model!), seed: 7, variants: 2 });
    screen.setCrop({ x: 0.4, y: 0.6, zoom: 2 });
    end.abort();
    end = new AbortController();
    const again = openScreen();
    await expect.poll(() => again.source?.kind).toBe('photo');
    expect(again.source?.picture).toMatchObject({ width: 1600, height: 900 });
    expect(again.crop).toEqual({ x: 0.4, y: 0.6, zoom: 2 });
    await expect.poll(() => again.choices).toMatchObject({ overrides: { steps: 30 }, seed: 7, variants: 2 });
  });

  test('is opened without a connection to the gateway', async () => {
    await drafts.save(photoDraft());
    const screen = openScreen({ getCapabilities: () => new Promise(() => undefined) });
    await expect.poll(() => screen.source?.kind).toBe('photo');
    expect(screen.opening).toBe(false);
  });

  test('is marked as used by a request, and is still there on the way back', async () => {
    await drafts.save(photoDraft());
    const screen = openScreen(acceptingGateway().methods);
    await expect.poll(() => screen.source && screen.model).toBeDefined();
    await screen.submit();
    expect(await drafts.load()).toMatchObject({ used: true, source: { kind: 'photo' } });
  });

  test('reports that a reload would lose it where the browser stores nothing', async () => {
    const screen = await openWithPhoto();
    await expect.poll(() => screen.unkept).toBe(true);
  });

  test('has the changes to a video’s settings, but not those to another video’s', async () => {
    const [name, other] = ['videos/1', 'videos/2'];
    const settings = { preset: Preset.NATURAL, shape: { case: 'size' as const, value: { width: 1024, height: 576 } } };
    const media = [{ kind: MediaKind.PHOTO, url: '/media/photo', width: 1600, height: 900 }];
    const getVideo = ({ name: wanted }: { name: string }) => ({ video: { name: wanted, settings, media } });
    const open = async (wanted: string) => {
      const screen = openScreen({ getVideo }, { kind: 'seed', name: wanted });
      await expect.poll(() => screen.source?.kind).toBe('video');
      return screen;
    };
    const screen = await open(name);
    screen.setChoices({ ...screen.choices, preset: Preset.LIVELY });
    end.abort();
    end = new AbortController();
    expect((await open(name)).choices.preset).toBe(Preset.LIVELY);
    expect((await open(other)).choices.preset).toBe(Preset.NATURAL);
  });
});

describe('submitting', () => {
  test('makes no video that the user could not see, because the browser refuses cookies', async () => {
    const { methods, requests } = acceptingGateway();
    const screen = await openWithPhoto(methods);
    stubCookies(false);
    expect(await screen.submit()).toEqual([]);
    expect(screen.problem).toBe(m.common_error_no_cookies());
    expect(requests).toEqual([]);
  });

  test.each(['blocked', 'full'])('succeeds although the storage is %s', async () => {
    const { methods } = acceptingGateway();
    vi.stubGlobal('localStorage', {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('no space', 'QuotaExceededError');
      },
    });
    const screen = await openWithPhoto(methods);
    expect(await screen.submit()).toEqual(['videos/1']);
    expect(screen.problem).toBeUndefined();
  });

  test('makes several versions, which differ in the seed', async () => {
    const { methods, requests } = acceptingGateway();
    const screen = await openWithPhoto(methods);
    screen.setChoices({ ...screen.choices, variants: 4, seed: 2 ** 32 - 1 });
    expect(await screen.submit()).toEqual(['videos/1', 'videos/2', 'videos/3', 'videos/4']);
    expect(requests.map(({ source }) => source.case)).toEqual(['image', 'video', 'video', 'video']);
    expect(requests.map(({ settings }) => settings?.seed)).toEqual([2 ** 32 - 1, 0, 1, 2]);
  });

  test('shows the versions that were accepted if there is no room for more', async () => {
    const screen = await openWithPhoto({
      createVideo({ source }) {
        if (source.case === 'image') return { video: { name: 'videos/1' } };
        throw gatewayError('TOO_MANY_VIDEOS', Code.ResourceExhausted);
      },
    });
    screen.setChoices({ ...screen.choices, variants: 2 });
    expect(await screen.submit()).toEqual(['videos/1']);
  });

  test('can be stopped, and then sends the same request', async () => {
    const ids: string[] = [];
    const screen = await openWithPhoto({
      createVideo({ requestId }) {
        ids.push(requestId);
        return ids.length === 1 ? new Promise(() => undefined) : { video: { name: 'videos/1' } };
      },
    });
    const stopped = screen.submit();
    await expect.poll(() => ids.length).toBe(1);
    screen.stop();
    expect(await stopped).toEqual([]);
    expect([screen.submission, screen.problem]).toEqual(['idle', undefined]);
    expect(await screen.submit()).toEqual(['videos/1']);
    expect(ids[1]).toBe(ids[0]);
  });

  test('sends the photo with the settings, and returns the video’s name', async () => {
    const { methods, requests } = acceptingGateway();
    const screen = await openWithPhoto(methods);
    screen.setChoices({ ...withNumber(screen.choices, 'steps', 30, screen.model!), seed: 7 });
    expect(await screen.submit()).toEqual(['videos/1']);
    expect(requests[0]).toMatchObject({
      source: { case: 'image', value: new TextEncoder().encode('jpeg') },
      settings: { model: 'svd-xt', preset: Preset.NATURAL, steps: 30, seed: 7 },
    });
  });

  test('keeps the choices for the next visit, and the photo for the video’s screen', async () => {
    const revoke = vi.spyOn(URL, 'revokeObjectURL');
    const { methods } = acceptingGateway(() => create(VideoSchema, { name: 'videos/kept' }));
    const screen = await openWithPhoto(methods);
    screen.setChoices(withNumber(screen.choices, 'steps', 30, screen.model!));
    await screen.submit();
    end.abort();
    expect(JSON.parse(storage.get('cinematica.create') ?? '')).toMatchObject({ own: { steps: 30 } });
    const kept = recentPhoto('videos/kept')?.url;
    expect(kept).toMatch(/^blob:/);
    expect(revoke).not.toHaveBeenCalledWith(kept);
  });

  test('does nothing while a request is being sent', async () => {
    const { promise, resolve } = Promise.withResolvers<{ video: Video }>();
    const screen = await openWithPhoto({ createVideo: () => promise });
    const first = screen.submit();
    expect(screen.submission).toBe('sending');
    expect(await screen.submit()).toEqual([]);
    resolve({ video: create(VideoSchema, { name: 'videos/1' }) });
    expect(await first).toEqual(['videos/1']);
  });

  test('reports a refusal with the time of the next try', async () => {
    const screen = await openWithPhoto({
      createVideo: () => Promise.reject(gatewayError('TOO_MANY_REQUESTS', Code.ResourceExhausted, 30)),
    });
    const before = Date.now();
    expect(await screen.submit()).toEqual([]);
    expect(screen.submission).toBe('idle');
    expect(screen.problem).toBe(m.common_error_too_many_requests());
    expect(screen.retryAt).toBeGreaterThanOrEqual(before + 30_000);
  });

  test('sends the same request again after a refusal, and a new one after a change', async () => {
    const ids: string[] = [];
    const screen = await openWithPhoto({
      createVideo({ requestId }) {
        ids.push(requestId);
        throw gatewayError('SYSTEM_BUSY', Code.ResourceExhausted);
      },
    });
    await screen.submit();
    await screen.submit();
    screen.setChoices({ ...screen.choices, seed: 1 });
    await screen.submit();
    await screen.openPhoto(photoFile(1600, 900));
    await screen.submit();
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  test('waits while the gateway is unreachable, and then continues with the same request', async () => {
    const ids: string[] = [];
    const screen = await openWithPhoto({
      createVideo({ requestId }) {
        ids.push(requestId);
        if (ids.length < 3) throw gatewayError('UNAVAILABLE', Code.Unavailable);
        return { video: { name: 'videos/1' } };
      },
    });
    vi.useFakeTimers();
    try {
      const submitted = screen.submit();
      await vi.waitUntil(() => screen.submission === 'waiting');
      await vi.runAllTimersAsync();
      await vi.waitUntil(async () => {
        await vi.runAllTimersAsync();
        return ids.length === 3;
      });
      expect(await submitted).toEqual(['videos/1']);
    } finally {
      vi.useRealTimers();
    }
    expect(new Set(ids).size).toBe(1);
    expect(screen.problem).toBeUndefined();
  });

  test('is cancelled when the screen is left', async () => {
    const screen = await openWithPhoto({ createVideo: () => new Promise(() => undefined) });
    const submitted = screen.submit();
    end.abort();
    expect(await submitted).toEqual([]);
    expect(screen.problem).toBeUndefined();
  });
});

describe('opening an existing video', () => {
  const name = 'videos/019aab00-0000-7000-8000-000000000001';
  const photo = { kind: MediaKind.PHOTO, url: '/media/photo', width: 1600, height: 900 };
  const mp4 = { kind: MediaKind.MP4, url: '/media/mp4', width: 1024, height: 576 };
  const settings = {
    preset: Preset.NATURAL,
    motionBucketId: 100,
    seed: 5,
    crop: { x: 0.4, y: 0.5, zoom: 2 },
    shape: { case: 'size' as const, value: { width: 1024, height: 576 } },
  };

  async function openVideo(kind: 'seed' | 'motion' | 'continue', init: MessageInitShape<typeof VideoSchema>) {
    const screen = openScreen(
      { getVideo: () => ({ video: { name, state: Video_State.DONE, ...init } }) },
      { kind, name },
    );
    expect(screen.opening).toBe(true);
    await expect.poll(() => screen.opening).toBe(false);
    return screen;
  }

  test('takes over its photo, settings and crop, without the seed', async () => {
    const screen = await openVideo('seed', { settings, media: [photo, mp4] });
    expect(screen.source).toMatchObject({ kind: 'video', picture: { url: '/media/photo' } });
    expect(screen.choices).toEqual({
      preset: Preset.NATURAL,
      shape: 'auto',
      resolution: Resolution.HD,
      camera: CameraMove.UNSPECIFIED,
      quality: Quality.BEST,
      sampler: Sampler.UNSPECIFIED,
      overrides: { motionBucketId: 100 },
      extras: [],
      variants: 1,
    });
    expect(screen.crop).toEqual({ x: 0.4, y: 0.5, zoom: 2 });
  });

  test('increases the motion for a variation with more motion', async () => {
    const screen = await openVideo('motion', { settings, media: [photo] });
    expect(screen.choices.overrides.motionBucketId).toBe(164);
  });

  test('shows the video itself for a continuation, without a crop', async () => {
    const screen = await openVideo('continue', { settings, media: [photo, mp4] });
    expect(screen.source).toMatchObject({ kind: 'continue', picture: { url: '/media/mp4' } });
    expect(screen.crop).toEqual({ x: 0.5, y: 0.5, zoom: 1 });
  });

  test('reports a video that is not ready to be continued', async () => {
    const screen = await openVideo('continue', { settings, media: [photo], state: Video_State.RUNNING });
    expect(screen.source).toBeUndefined();
    expect(screen.problem).toBe(m.common_error_not_ready());
  });

  test('reports a video whose files no longer exist', async () => {
    const screen = await openVideo('seed', { settings });
    expect(screen.problem).toBe(m.create_source_missing());
  });

  test('reports an unknown video', async () => {
    const screen = openScreen(
      { getVideo: () => Promise.reject(gatewayError('VIDEO_NOT_FOUND', Code.NotFound)) },
      { kind: 'seed', name },
    );
    await expect.poll(() => screen.problem).toBe(m.common_error_not_found());
  });
});

test('a photo that another app shared, but that is no longer there, is reported', async () => {
  const screen = openScreen({}, { kind: 'shared' });
  await expect.poll(() => screen.problem).toBe(m.create_not_shared());
});
