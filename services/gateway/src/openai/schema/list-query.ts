import { EXTRA_OUTPUT_NAMES } from '@cinematica/settings';
import { z } from 'zod';
import { numeric, word } from './fields.ts';

/** The most videos of a page. */
const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;

/** The query of `GET /v1/videos`. */
export const listQuery = z.strictObject({
  after: z.string().optional().describe('The id of the last video of the previous page.'),
  limit: numeric({ min: 1, max: MAX_LIMIT, integer: true })
    .default(DEFAULT_LIMIT)
    .describe('The most videos of the page.'),
  order: word(['asc', 'desc'])
    .default('desc')
    .describe('By the time of creation: `desc` starts with the newest video.'),
});

/** The names of the variants, each with the output that it stands for. */
export const VARIANTS = ['video', 'thumbnail', ...EXTRA_OUTPUT_NAMES] as const;

/** The query of `GET /v1/videos/{video_id}/content`. */
export const contentQuery = z.strictObject({
  variant: word(VARIANTS).default('video').describe('The MP4, a still as WebP, or a file that `outputs` asked for.'),
});
