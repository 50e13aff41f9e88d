import type { MessageInitShape } from '@bufbuild/protobuf';
import { VideoService } from '@cinematica/protocol/v1';
import { Resolution } from '@cinematica/protocol/v1';
import type { Video, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { BrowserContext } from 'playwright-core';
import { expect, inject } from 'vitest';
import type { VideoClient } from '../../support/real-system.ts';
import { isFinal, watchToEnd } from '../../support/api.ts';
import { serviceChildren, servicePid } from '../../support/real-system.ts';
import { rotatedPhoto } from './photos.ts';

export type Settings = MessageInitShape<typeof VideoSettingsSchema>;

/** A video that runs longer than a test needs until it is held or cancelled; its first percent takes a second. */
export const SLOW = { frames: 50, steps: 100 } satisfies Settings;

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

/** The processes that were stopped by {@link holdVideos}. */
const held = new Set<number>();

/**
 * Stops the process that computes the steps of videos, so that a running video stays where it is and leaves the processor to
 * the browser. It continues when a video is cancelled through this module, at the latest at the end of the test.
 */
export async function holdVideos(): Promise<void> {
  const denoiser = await servicePid('denoiser', inject('launcher'));
  const processes = denoiser === null ? [] : await serviceChildren(denoiser);
  expect(processes).not.toEqual([]);
  for (const pid of processes) if (signal(pid, 'SIGSTOP')) held.add(pid);
}

function releaseVideos(): void {
  for (const pid of held) signal(pid, 'SIGCONT');
  held.clear();
}

/** @returns whether the process has not ended yet */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Cancels a video through the API. */
export async function cancelVideo(context: BrowserContext, name: string): Promise<void> {
  releaseVideos();
  await (await apiOf(context)).cancelVideo({ name });
}

/** Cancels all unfinished videos of a visitor, so that the next test's videos need not wait for them. */
export async function cancelVideos(context: BrowserContext): Promise<void> {
  releaseVideos();
  const api = await apiOf(context);
  const { videos } = await api.listVideos({});
  for (const video of videos.filter((candidate) => !isFinal(candidate))) await api.cancelVideo({ name: video.name });
}
