import { WORD_SETTINGS } from '@cinematica/settings';
import { z } from 'zod';

const quality = z.enum([...WORD_SETTINGS.quality.words.keys()]);

const seconds = (what: string) => z.int().min(0).describe(`${what}. Seconds since 1970.`);

/** What a request asked for, and what was taken instead. */
export const adjustment = z.strictObject({
  param: z.string().describe('Name of the field.'),
  requested: z.string().describe('Value in the request, as text.'),
  used: z.string().nullable().describe('Value that was taken; null when the field has no effect.'),
  message: z.string().describe('Explanation for people.'),
});

/** Why a video failed. */
export const videoError = z.strictObject({
  code: z.string().describe('Reason, for programs: `stage_failed`, `out_of_memory`, `took_too_long`, `cancelled`, …'),
  message: z.string().describe('What happened and what to do about it, for people.'),
});

/** A video. */
export const video = z.strictObject({
  id: z.string().describe('`video_` and the UUID of the video.'),
  object: z.literal('video'),
  model: z.string().describe('The model that makes the video.'),
  status: z.enum(['queued', 'in_progress', 'completed', 'failed']),
  progress: z.int().min(0).max(100).describe('Progress over all stages in percent.'),
  created_at: seconds('Time at which the request was accepted'),
  completed_at: seconds('Time at which the video was completed or failed').nullable(),
  expires_at: seconds('Time at which the video and its files are removed').nullable(),
  prompt: z.null().describe('Always null, because prompts have no effect and are not stored.'),
  seconds: z
    .string()
    .regex(/^\d+$/)
    .describe('Duration of the video in seconds, rounded to a whole number of at least 1.'),
  size: z
    .string()
    .regex(/^\d+x\d+$/)
    .describe('Size of the video in pixels.'),
  error: videoError.nullable(),
  remixed_from_video_id: z.string().nullable().describe('The video from whose photo this one is made.'),
  extended_from_video_id: z.string().nullable().describe('The video that this one continues.'),
  duration: z.number().describe('Exact duration of the video in seconds.'),
  num_frames: z.int().min(1).describe('Frames of the video at the rate of the model, without those in between.'),
  fps: z.number().describe('Frame rate of the file.'),
  quality: quality.describe('Quality against time.'),
  num_inference_steps: z.int().describe('Denoising steps.'),
  guidance_scale: z.number().describe('Guidance scale of the last frame.'),
  seed: z.int().min(0).max(4_294_967_295).describe('Seed of the noise. The same seed gives the same video.'),
  queue_position: z
    .int()
    .min(0)
    .nullable()
    .describe('Videos that will be started before this one; null when it is not waiting.'),
  remaining_seconds: z.int().min(0).nullable().describe('Estimated time until the video is completed, if known.'),
  notices: z.array(z.string()).describe('Ways in which a completed video differs from its request. Usually empty.'),
  adjustments: z
    .array(adjustment)
    .optional()
    .describe('What was taken instead of the request’s values. Only in the answer of a request that makes a video.'),
});

/** A page of videos. */
export const videoList = z.strictObject({
  object: z.literal('list'),
  data: z.array(video),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean().describe('Whether there is another page, after `last_id`.'),
});

/** A video was deleted. */
export const deletedVideo = z.strictObject({
  id: z.string(),
  object: z.literal('video.deleted'),
  deleted: z.literal(true),
});

/** A model. */
export const model = z.strictObject({
  id: z.string(),
  object: z.literal('model'),
  created: seconds('Time at which this server loaded the model'),
  owned_by: z.string(),
  title: z.string().describe('Name for people.'),
  sizes: z
    .array(z.string())
    .describe('Sizes of the frames that the model was made for, in pixels, in both orientations.'),
  qualities: z.array(quality).describe('The values that `quality` can have.'),
  num_frames: z.strictObject({ min: z.int(), max: z.int(), default: z.int() }),
  seconds: z
    .strictObject({ min: z.number(), max: z.number(), default: z.number() })
    .describe('Durations at the frame rate of the model.'),
});

/** All models. */
export const modelList = z.strictObject({ object: z.literal('list'), data: z.array(model) });

/** The body of every answer with a status from 400 on. */
export const errorAnswer = z.strictObject({
  error: z.strictObject({
    message: z.string().describe('What is wrong and what to do about it, for people.'),
    type: z.enum(['invalid_request_error', 'rate_limit_error', 'server_error']),
    param: z.string().nullable().describe('The field of the request that is wrong, if it is one.'),
    code: z.string().describe('Reason, for programs.'),
  }),
});

export type OpenAiVideo = z.output<typeof video>;
export type Adjustment = z.output<typeof adjustment>;
export type OpenAiModel = z.output<typeof model>;
export type ErrorAnswer = z.output<typeof errorAnswer>;
