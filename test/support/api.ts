import { ErrorInfoSchema } from '@cinematica/protocol';
import { Video_State } from '@cinematica/protocol/v1';
import type { Video, VideoEvent, MediaKind } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { setTimeout as delay } from 'node:timers/promises';
import type { VideoClient } from './real-system.ts';

export const idOf = ({ name }: Pick<Video, 'name'>): string => name.replace('videos/', '');

export const isFinal = ({ state }: Video): boolean =>
  state === Video_State.DONE || state === Video_State.FAILED || state === Video_State.CANCELLED;

/** Watches a video to its end. After a lost connection it continues after the last event. @returns all events */
export async function watchToEnd(
  client: VideoClient,
  name: string,
  onEvent: (event: VideoEvent) => void = () => undefined,
): Promise<VideoEvent[]> {
  const events: VideoEvent[] = [];
  for (;;) {
    const afterSequence = events.at(-1)?.sequence ?? 0n;
    try {
      for await (const { message } of client.watchVideo({ name, afterSequence })) {
        if (message.case !== 'event') continue;
        events.push(message.value);
        onEvent(message.value);
      }
    } catch (error) {
      if (!mayTryAgain(error)) throw error;
    }
    const last = events.at(-1)?.video;
    if (last && isFinal(last)) return events;
    await delay(100);
  }
}

/** Repeats a call while the gateway, or NATS behind it, is unreachable: 300 times, every 0.1 s. */
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

/** Whether the network failed, or the API asks for another try. Faults of the service are not retried. */
function mayTryAgain(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return reasonOf(error) === '' || code === Code.Unavailable || code === Code.ResourceExhausted;
}

/** The `ErrorReason` of the API; empty when the error did not come from the API. */
export const reasonOf = (error: unknown): string =>
  ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason ?? '';

/** Downloads a file of a video by its public link. */
export async function fetchMedia(baseUrl: string, video: Video, kind: MediaKind): Promise<Buffer> {
  const link = video.media.find((file) => file.kind === kind)?.url;
  if (link === undefined) throw new Error(`${video.name} has no file of the kind ${kind}`);
  const response = await fetch(new URL(link, baseUrl));
  if (!response.ok) throw new Error(`${link}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
