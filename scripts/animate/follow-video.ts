import { durationMs } from '@bufbuild/protobuf/wkt';
import { Stage, Video_State } from '@cinematica/protocol/v1';
import type { Progress, Video } from '@cinematica/protocol/v1';
import type { VideoClient } from './client.ts';
import { insist } from './insist.ts';
import type { Called } from './insist.ts';
import type { State } from './progress.ts';
import { UnreachableError } from './system-error.ts';

/** For what is answered at once. Milliseconds. */
const ANSWER_MS = 10_000;

const WAITING: readonly [label: string, unit?: string] = ['waiting'];
const LABELS: Readonly<Record<number, typeof WAITING>> = {
  [Stage.ENCODE]: ['encoding the photo'],
  [Stage.DENOISE]: ['denoising', 'step'],
  [Stage.DECODE]: ['decoding', 'part'],
  [Stage.MUX]: ['finishing the video', 'frame'],
};

/**
 * Watches a video until it is done, failed or cancelled; where the connection is lost, from where it was.
 *
 * @param show told how far it is
 * @throws ConnectError NOT_FOUND where it was deleted; UnreachableError; the signal's reason
 */
export async function followVideo(
  client: VideoClient,
  { name, sequence }: Video,
  system: Called,
  show: (state: State) => void,
  signal: AbortSignal,
): Promise<Video> {
  let afterSequence = sequence;
  return insist(
    async (heard, within) => {
      // A step may take longer than any silence: only an answer tells the one from the other.
      await client.getVideo({ name }, { signal: within, timeoutMs: ANSWER_MS });
      heard();
      for await (const { message } of client.watchVideo({ name, afterSequence }, { signal: within })) {
        heard();
        if (message.case === 'progress') show(stateOf(message.value));
        if (message.case !== 'event') continue;
        afterSequence = message.value.sequence;
        const { video } = message.value;
        if (video && isFinal(video)) return video;
        // The time that is left is not part of it.
        if (video?.progress) show(stateOf(video.progress));
      }
      throw new UnreachableError('the story broke off');
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
