import { EXTRA_OUTPUT_NAMES, WORD_SETTINGS } from '@cinematica/settings';
import { z } from 'zod';
import { numeric, setting, word } from './fields.ts';

/** Longer texts are refused. None of them has an effect. */
const MAX_TEXT = 8_000;
/** The longest duration that can be asked for. Seconds. */
const MAX_SECONDS = 3_600;
const MAX_PIXELS = 99_999;

const text = z.string({ error: 'must be a text' }).max(MAX_TEXT, { error: `must have at most ${MAX_TEXT} characters` });

const seconds = numberOfSeconds();

function numberOfSeconds() {
  const error = `must be a number of seconds above 0, up to ${MAX_SECONDS}, such as "4"`;
  const inRange = z.number({ error }).positive({ error }).max(MAX_SECONDS, { error });
  const digits = z.string({ error }).regex(/^\d{1,4}(\.\d{1,6})?$/, { error });
  return z.union([inRange, digits.transform(Number).pipe(inRange)], { error });
}

const imageUrl = z.string({ error: 'must be a data: URL or an https: URL' });

const output = word(EXTRA_OUTPUT_NAMES);

/** A photo by its address. */
export const imageReference = z.union(
  [
    imageUrl,
    z.strictObject({
      image_url: imageUrl.optional().describe('A `data:` URL with a photo in base64, or an `https:` URL.'),
      file_id: z.string().optional().describe('Not supported, because this server has no files API.'),
    }),
  ],
  { error: 'must be a file, or an object with image_url' },
);

const frameImage = z.strictObject({
  type: word(['image_url']),
  image_url: z.strictObject({ url: imageUrl }),
  frame_type: word(['first_frame', 'last_frame']).optional(),
});

/** The settings that each request for a video can have, in the order of the documentation. */
const settings = {
  prompt: text.optional().describe('Accepted without effect: the models of this server make videos from photos only.'),
  negative_prompt: text.optional().describe('Accepted without effect, like `prompt`.'),
  model: z
    .string({ error: 'must be the id of a model' })
    .max(200)
    .optional()
    .describe('A model of `GET /v1/models`. The names of Sora stand for the default model.'),
  seconds: seconds
    .optional()
    .describe('Duration of the video. The nearest that the model can make is taken. Default: that of the model.'),
  duration: seconds.optional().describe('Another name of `seconds`.'),
  size: z
    .string({ error: 'must be WIDTHxHEIGHT, such as 1280x720' })
    .regex(/^[1-9]\d{0,4}x[1-9]\d{0,4}$/, { error: 'must be WIDTHxHEIGHT, such as 1280x720' })
    .optional()
    .describe(
      'Size of the video in pixels, such as `1280x720`. The nearest that the model and the photo allow is taken. Default: the shape of the photo, in HD.',
    ),
  width: numeric({ min: 1, max: MAX_PIXELS, integer: true }).optional().describe('With `height`, the same as `size`.'),
  height: numeric({ min: 1, max: MAX_PIXELS, integer: true }).optional().describe('With `width`, the same as `size`.'),
  aspect_ratio: z
    .string({ error: 'must be WIDTH:HEIGHT, such as 16:9' })
    .regex(/^[1-9]\d{0,3}:[1-9]\d{0,3}$/, { error: 'must be WIDTH:HEIGHT, such as 16:9' })
    .optional()
    .describe('Shape of the video, such as `16:9`.'),
  resolution: word([...WORD_SETTINGS.resolution.words.keys(), '480p', '720p', '1080p'])
    .optional()
    .describe('Size of the files. `480p`, `720p` and `1080p` are other names of `model`, `hd` and `full-hd`.'),
  num_frames: setting('frames').optional().describe('Frames that the model makes. It takes precedence over `seconds`.'),
  fps: setting('frameRate')
    .optional()
    .describe(
      'Frame rate of the file. With `num_frames`, the video has exactly these frames at this rate. Without it, frames are computed in between.',
    ),
  num_inference_steps: setting('steps').optional().describe('Denoising steps.'),
  guidance_scale: setting('maxGuidance').optional().describe('Guidance scale of the last frame.'),
  seed: z
    .union([z.number(), z.string().max(40)], { error: 'must be a whole number' })
    .optional()
    .describe(
      'A whole number of up to 64 bits, of which the low 32 are used; -1 for a random seed. Numbers above 2^53 should be text, because many JSON libraries round them.',
    ),
  user: z.string().max(512).optional().describe('Accepted, and not stored.'),
  callback_url: z.string().max(2_048).optional().describe('Address of a webhook.'),
  preset: word(['calm', 'natural', 'lively']).optional().describe('Amount of motion in words.'),
  quality: word([...WORD_SETTINGS.quality.words.keys(), 'auto', 'high', 'medium', 'low'])
    .optional()
    .describe(
      'Quality against time, with a model that has faster ways. `auto` and `high` are other names of `best`, `medium` of `fast`, and `low` of `draft`.',
    ),
  camera: word([...WORD_SETTINGS.camera.words.keys()])
    .optional()
    .describe('How the camera moves, with a model that supports it.'),
  sampler: word([...WORD_SETTINGS.sampler.words.keys()])
    .optional()
    .describe('The sampler, which determines the noise levels. `ays` (Align Your Steps) is made for 10 steps.'),
  motion_bucket_id: setting('motionBucketId').optional().describe('A higher value gives more motion.'),
  noise_aug_strength: setting('noiseAugStrength').optional().describe('Noise that is added to the photo.'),
  conditioning_fps: setting('conditioningFps')
    .optional()
    .describe('Frame rate that is given to the model. A lower one gives more motion from frame to frame.'),
  min_guidance: setting('minGuidance').optional().describe('Guidance scale of the first frame.'),
  max_guidance: setting('maxGuidance').optional().describe('Another name of `guidance_scale`.'),
  crop: z
    .strictObject({
      x: numeric({ min: 0, max: 1, integer: false }).optional(),
      y: numeric({ min: 0, max: 1, integer: false }).optional(),
      zoom: numeric({ min: 1, max: 8, integer: false }).optional(),
    })
    .optional()
    .describe('The part of the photo that is kept: the position of its center, 0 to 1, and its zoom.'),
  outputs: z
    .union([z.array(output).max(EXTRA_OUTPUT_NAMES.length), output.transform((name) => [name])], {
      error: `must be a list of ${EXTRA_OUTPUT_NAMES.join(', ')}`,
    })
    .optional()
    .describe('Files to make in addition. `GET /v1/videos/{video_id}/content?variant=…` returns them.'),
};

const extras = {
  extra_body: z.record(z.string(), z.unknown()).optional().describe('More fields of this request. In a form: JSON.'),
  extra_params: z.record(z.string(), z.unknown()).optional().describe('Like `extra_body`.'),
};

const photo = {
  input_reference: imageReference.optional().describe('The photo. In a form, usually a file.'),
  image_reference: imageReference.optional().describe('Another name of `input_reference`.'),
  frame_images: z
    .array(frameImage, { error: 'must be a list of images' })
    .max(2)
    .optional()
    .describe('The photo as the first frame. A last frame is not supported.'),
};

/** The body of `POST /v1/videos`. */
export const createRequest = z.strictObject({ ...photo, ...settings, ...extras });

/** The body of `POST /v1/videos/{video_id}/remix`. */
export const remixRequest = z.strictObject({ ...settings, ...extras });

/** The body of `POST /v1/videos/extensions`. */
export const extendRequest = z.strictObject({
  video: z
    .union([z.strictObject({ id: z.string() }), z.string()], {
      error: 'must be an object with the id of a video: uploaded videos cannot be extended',
    })
    .describe('The completed video to continue.'),
  ...settings,
  ...extras,
});

/** The settings of a request, parsed. */
export type VideoParams = z.output<typeof remixRequest>;
export type CreateParams = z.output<typeof createRequest>;
export type ExtendParams = z.output<typeof extendRequest>;
