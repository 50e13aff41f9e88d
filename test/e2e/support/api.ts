import type { MessageInitShape } from '@bufbuild/protobuf';
import { VideoService } from '@cinematica/protocol/v1';
import { Resolution } from '@cinematica/protocol/v1';
import type { Video, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { BrowserContext } from 'playwright-core';
import { inject } from 'vitest';
import type { VideoClient } from '../../support/real-system.ts';
import { isFinal, watchToEnd } from '../../support/api.ts';
import { rotatedPhoto } from './photos.ts';

export type Settings = MessageInitShape<typeof VideoSettingsSchema>;

/** A video that runs longer than any test. */
export const SLOW: Settings = { frames: 250, steps: 100 };

/** An API client with a visitor's cookie: the videos that it creates belong to the visitor. */
export async function apiOf({ request }: BrowserContext): Promise<VideoClient> {
  const cookie = async (): Promise<string> => {
    const { cookies } = await request.storageState();
    return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  };
  if ((await cookie()) === '') {
    await request.post('/cinematica.v1.VideoService/GetCapabilities', { data: {} });
  }
  const header = await cookie();
  const transport = createConnectTransport({
    baseUrl: inject('site'),
    httpVersion: '1.1',
    interceptors: [
      (next) => (call) => {
        call.header.set('cookie', header);
        return next(call);
      },
    ],
  });
  return createClient(VideoService, transport);
}

/** Creates a video through the API. @returns the queued video */
export async function createVideo(context: BrowserContext, settings: Settings = {}): Promise<Video> {
  const { buffer } = await rotatedPhoto();
  const api = await apiOf(context);
  const { video } = await api.createVideo({ source: { case: 'image', value: new Uint8Array(buffer) }, settings });
  return video!;
}

/**
 * Creates a video through the API and waits until it ends. The video is not finished (`packages/finish`), because that would take
 * most of the time.
 *
 * @returns the video in its final state
 */
export async function createFinishedVideo(context: BrowserContext, settings: Settings = {}): Promise<Video> {
  const { name } = await createVideo(context, { resolution: Resolution.MODEL, ...settings });
  return (await watchToEnd(await apiOf(context), name)).at(-1)!.video!;
}

/** Cancels a video through the API. */
export async function cancelVideo(context: BrowserContext, name: string): Promise<void> {
  await (await apiOf(context)).cancelVideo({ name });
}

/** Cancels all unfinished videos of a visitor, so that the next test's videos need not wait for them. */
export async function cancelVideos(context: BrowserContext): Promise<void> {
  const api = await apiOf(context);
  const { videos } = await api.listVideos({});
  for (const video of videos.filter((candidate) => !isFinal(candidate))) await api.cancelVideo({ name: video.name });
}
