import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Progress, VideoUpdate } from '@cinematica/client';
import { Stage } from '@cinematica/client';
import type { State } from './progress.ts';

const WAITING: readonly [label: string, unit?: string] = ['waiting'];
const LABELS: Readonly<Record<number, typeof WAITING>> = {
  [Stage.ENCODE]: ['encoding the photo'],
  [Stage.DENOISE]: ['denoising', 'step'],
  [Stage.DECODE]: ['decoding', 'part'],
  [Stage.MUX]: ['finishing the video', 'frame'],
};

/** The progress that an update reports. Events have no remaining time. @returns undefined when it reports none */
export function progressOf(update: VideoUpdate): State | undefined {
  if (update.kind === 'progress') return stateOf(update.progress);
  return update.kind === 'video' && update.video.progress ? stateOf(update.video.progress) : undefined;
}

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
