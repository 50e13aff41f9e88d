import type { MessageInitShape } from '@bufbuild/protobuf';
import { VideoService } from '@cinematica/protocol/v1';
import type { Video, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { BrowserContext } from 'playwright-core';
import { inject } from 'vitest';
import type { VideoClient } from '../../support/real-system.ts';
import { isFinal, watchToEnd } from '../../support/api.ts';
import { turnedPhoto } from './photos.ts';

export type Settings = MessageInitShape<typeof VideoSettingsSchema>;

/** Longer than any test: for those who look at it while it is made. */
export const SLOW: Settings = { frames: 250, steps: 100 };

/** The API as a visitor's pages call it: what it makes is theirs. */
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

/** Has a video made, without a page. @returns it as it begins */
export async function beginVideo(context: BrowserContext, settings: Settings = {}): Promise<Video> {
  const { buffer } = await turnedPhoto();
  const api = await apiOf(context);
  const { video } = await api.createVideo({ source: { case: 'image', value: new Uint8Array(buffer) }, settings });
  return video!;
}

/** Has a video made, and waits for it. @returns it as it ended */
export async function makeVideo(context: BrowserContext, settings: Settings = {}): Promise<Video> {
  const { name } = await beginVideo(context, settings);
  return (await watchToEnd(await apiOf(context), name)).at(-1)!.video!;
}

/** Cancels a video, without a page. */
export async function endVideo(context: BrowserContext, name: string): Promise<void> {
  await (await apiOf(context)).cancelVideo({ name });
}

/** Cancels all that is still made for a visitor: the next test's videos would wait for it. */
export async function endVideos(context: BrowserContext): Promise<void> {
  const api = await apiOf(context);
  const { videos } = await api.listVideos({});
  for (const video of videos.filter((one) => !isFinal(one))) await api.cancelVideo({ name: video.name });
}
