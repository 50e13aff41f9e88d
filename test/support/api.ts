import { ErrorInfoSchema } from '@cinematica/protocol';
import { Video_State } from '@cinematica/protocol/v1';
import type { Video, VideoEvent, MediaKind } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { setTimeout as delay } from 'node:timers/promises';
import type { VideoClient } from './real-system.ts';

/** What services that use the API do. */

export const idOf = ({ name }: Pick<Video, 'name'>): string => name.replace('videos/', '');

export const isFinal = ({ state }: Video): boolean =>
  state === Video_State.DONE || state === Video_State.FAILED || state === Video_State.CANCELLED;

/** Watches a video to its end, after each break from where it was. @returns its story after `afterSequence` */
export async function watchToEnd(
  client: VideoClient,
  name: string,
  onEvent: (event: VideoEvent) => void = () => undefined,
): Promise<VideoEvent[]> {
  const story: VideoEvent[] = [];
  for (;;) {
    const afterSequence = story.at(-1)?.sequence ?? 0n;
    try {
      for await (const { message } of client.watchVideo({ name, afterSequence })) {
        if (message.case !== 'event') continue;
        story.push(message.value);
        onEvent(message.value);
      }
    } catch (error) {
      if (!mayTryAgain(error)) throw error;
    }
    const last = story.at(-1)?.video;
    if (last && isFinal(last)) return story;
    await delay(100);
  }
}

/** Calls until it is answered: the gateway may be away, or NATS behind it. */
export async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries === 300 || !mayTryAgain(error)) throw error;
      await delay(100);
    }
  }
}

/** What the network says, and what the API itself says is to be tried again; never a fault of the service. */
function mayTryAgain(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return reasonOf(error) === '' || code === Code.Unavailable || code === Code.ResourceExhausted;
}

/** The reason that the API gives for a refusal; empty where it was not the API that refused. */
export const reasonOf = (error: unknown): string =>
  ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason ?? '';

/** A file of a video, as everyone fetches it. */
export async function fetchMedia(baseUrl: string, video: Video, kind: MediaKind): Promise<Buffer> {
  const link = video.media.find((file) => file.kind === kind)?.url;
  if (link === undefined) throw new Error(`${video.name} has no file of the kind ${kind}`);
  const response = await fetch(new URL(link, baseUrl));
  if (!response.ok) throw new Error(`${link}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
