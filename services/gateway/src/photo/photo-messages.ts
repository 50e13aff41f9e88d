import type { FrameLimits } from '@cinematica/svd/framing';
import { z } from 'zod';
import type { PhotoErrorReason } from './photo-error.ts';
import type { PhotoLimits } from './photo-limits.ts';
import type { PhotoFormat } from './sniff-format.ts';

/** The descriptor, in the child, of the stream that carries the frames both ways. */
export const FRAMES_FD = 3;

/** Most bytes of an answer: 2048 × 2048 pixels of pure noise have 11 MB. */
export const MOST_REPLY_BYTES = 32 * 2 ** 20;

/** Limits of the frames between the gateway and the photo process: one blob, which is the upload or the JPEG. */
export const frameLimits = (maxBytes: number): FrameLimits => ({ headBytes: 64 * 1024, blobs: 1, blobBytes: maxBytes });

/** The child's only argument, as JSON. */
export const limitsSchema = z.object({
  maxBytes: z.number(),
  maxPixels: z.number(),
  maxDecodedBytes: z.number(),
  minSide: z.number(),
  maxResultSide: z.number(),
  maxMemory: z.number(),
  timeoutMs: z.number(),
} satisfies Record<keyof PhotoLimits, z.ZodNumber>);

const formats = ['jpeg', 'png', 'webp', 'avif'] as const satisfies readonly PhotoFormat[];

/** Gateway to child, one at a time; its bytes are the upload. Closing the stream ends the child. */
export const requestSchema = z.object({ format: z.enum(formats) });

const reasons = ['TOO_MANY_PIXELS', 'TOO_SMALL', 'TRUNCATED', 'HEIC_NOT_SUPPORTED', 'UNSUPPORTED_FORMAT'] as const;

const side = z.int().positive();

/**
 * Child to gateway. It is looked at as closely as the upload itself: who found a hole in a decoder speaks through it.
 * `last`: the child is to be replaced.
 */
export const replySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), rss: z.number() }),
  /** Its bytes are the JPEG. */
  z.object({
    kind: z.literal('done'),
    last: z.boolean(),
    width: side,
    height: side,
    original: z.object({
      format: z.enum(formats),
      width: side,
      height: side,
      orientation: z.int().min(1).max(8),
    }),
  }),
  z.object({
    kind: z.literal('refused'),
    last: z.boolean(),
    reason: z.enum(reasons satisfies readonly PhotoErrorReason[]),
    message: z.string().max(400),
    /** The decoder's own words, for the log. */
    cause: z.string().max(400).optional(),
  }),
]);

export type Reply = z.output<typeof replySchema>;
export type Answer = Exclude<Reply, { kind: 'ready' }>;
