import type { Plan } from '@cinematica/pipeline';
import type { VideoParams } from './schema/create-request.ts';
import type { Adjustment } from './schema/answers.ts';
import { fileOf, roundedSeconds } from './to-openai-video.ts';
import { sizeOf } from './video-settings.ts';

/** Fields that are accepted because clients send them, and have no effect. */
const WITHOUT_EFFECT = {
  prompt: 'The models of this server make videos from photos only: a prompt has no effect.',
  negative_prompt: 'The models of this server make videos from photos only: a prompt has no effect.',
  user: 'Names of users are not stored.',
} as const;

/** What a new video has instead of the values of its request. */
export function adjustmentsOf(params: VideoParams, plan: Plan): Adjustment[] {
  const ignored = Object.entries(WITHOUT_EFFECT).flatMap(([param, message]) => {
    const requested = params[param as keyof typeof WITHOUT_EFFECT] ?? '';
    return requested === '' ? [] : [{ param, requested: requested.slice(0, 200), used: null, message }];
  });
  const file = fileOf(plan);
  const size = sizeOf(params);
  return [
    ...ignored,
    ...changed('model', params.model, plan.model, 'This server has another model.'),
    ...changed('size', size && `${size.width}x${size.height}`, file.size, SIZE_MESSAGE),
    ...secondsOf(params, file.duration),
    ...seedOf(params, plan),
  ];
}

const SIZE_MESSAGE = 'The nearest size that the model and the pixels of the photo allow was taken.';

function secondsOf({ seconds, duration, num_frames: frames }: VideoParams, actual: number): Adjustment[] {
  const asked = seconds ?? duration;
  if (asked === undefined) return [];
  const message =
    frames === undefined ? 'The nearest duration that the model can make was taken.' : 'num_frames took precedence.';
  // A difference below half a second is that of whole frames.
  return Math.abs(asked - actual) < 0.5 ? [] : changed('seconds', String(asked), roundedSeconds(actual), message);
}

function seedOf({ seed }: VideoParams, plan: Plan): Adjustment[] {
  const text = seed === undefined ? '' : String(seed).trim();
  if (text === '' || text === '-1') return [];
  return changed(
    'seed',
    text.replace(/^0+(?=\d)/, ''),
    String(plan.seed),
    'Of a seed with 64 bits, the low 32 are used.',
  );
}

function changed(param: string, requested: string | null | undefined, used: string, message: string): Adjustment[] {
  if (requested === undefined || requested === null || requested === '' || requested === used) return [];
  return [{ param, requested: requested.slice(0, 200), used, message }];
}
