import { durationMs } from '@bufbuild/protobuf/wkt';
import { Stage, Video_State } from '@cinematica/protocol/v1';
import type { Progress, Video } from '@cinematica/protocol/v1';
import type { VideoClient } from './client.ts';
import { retryUntilReachable } from './retry-until-reachable.ts';
import type { Endpoint } from './retry-until-reachable.ts';
import type { State } from './progress.ts';
import { UnreachableError } from './system-error.ts';

/** Timeout of short calls. Milliseconds. */
const CALL_TIMEOUT_MS = 10_000;

const WAITING: readonly [label: string, unit?: string] = ['waiting'];
const LABELS: Readonly<Record<number, typeof WAITING>> = {
  [Stage.ENCODE]: ['encoding the photo'],
  [Stage.DENOISE]: ['denoising', 'step'],
  [Stage.DECODE]: ['decoding', 'part'],
  [Stage.MUX]: ['finishing the video', 'frame'],
};

/**
 * Watches a video until it is done, failed or cancelled. After a lost connection it continues with the next event.
 *
 * @param show called with the progress
 * @throws ConnectError NOT_FOUND when the video was deleted; UnreachableError; the signal's reason
 */
export async function followVideo(
  client: VideoClient,
  { name, sequence }: Video,
  system: Endpoint,
  show: (state: State) => void,
  signal: AbortSignal,
): Promise<Video> {
  let afterSequence = sequence;
  return retryUntilReachable(
    async (reportContact, within) => {
      // A long step and a lost connection look alike on the stream. This call tells them apart.
      await client.getVideo({ name }, { signal: within, timeoutMs: CALL_TIMEOUT_MS });
      reportContact();
      for await (const { message } of client.watchVideo({ name, afterSequence }, { signal: within })) {
        reportContact();
        if (message.case === 'progress') show(stateOf(message.value));
        if (message.case !== 'event') continue;
        afterSequence = message.value.sequence;
        const { video } = message.value;
        if (video && isFinal(video)) return video;
        // Events do not contain the remaining time.
        if (video?.progress) show(stateOf(video.progress));
      }
      throw new UnreachableError('the event stream ended early');
    },
    system,
    signal,
  );
}

const isFinal = ({ state }: Video): boolean =>
  state === Video_State.DONE || state === Video_State.FAILED || state === Video_State.CANCELLED;

function stateOf({ stage, step, steps, queuePosition, remaining, fraction }: Progress): State {
  const [label, unit] = LABELS[stage] ?? WAITING;
  return {
    label,
    fraction,
    ...(unit !== undefined && steps > 0 ? { units: { name: unit, done: step, total: steps } } : {}),
    ...(queuePosition === undefined ? {} : { detail: queueOf(queuePosition) }),
    ...(remaining ? { remaining: durationMs(remaining) / 1000 } : {}),
  };
}

function queueOf(position: number): string {
  if (position === 0) return 'next in the queue';
  return position === 1 ? '1 video before it' : `${position} videos before it`;
}
