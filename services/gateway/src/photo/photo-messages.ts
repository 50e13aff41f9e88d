import type { FrameLimits } from '@cinematica/svd/framing';
import { z } from 'zod';
import type { PhotoErrorReason } from './photo-error.ts';
import type { PhotoLimits } from './photo-limits.ts';
import { MAX_NAME, SOURCE_TYPE } from './read-marks.ts';
import type { PhotoFormat } from './sniff-format.ts';

/** The file descriptor, in the child, of the stream of frames in both directions. */
export const FRAMES_FD = 3;

/** The maximum size of a reply. A JPEG of 5 megapixels of noise has 13 MB. Bytes. */
export const MAX_REPLY_BYTES = 32 * 2 ** 20;

/** The limits of a frame between the gateway and the photo process. It has one blob, the upload or the JPEG. */
export const frameLimits = (maxBytes: number): FrameLimits => ({ headBytes: 64 * 1024, blobs: 1, blobBytes: maxBytes });

/** The only argument of the child, as JSON. */
export const limitsSchema = z.object({
  maxBytes: z.number(),
  maxPixels: z.number(),
  maxShrunkPixels: z.number(),
  maxDecodedBytes: z.number(),
  minSide: z.number(),
  maxResultSide: z.number(),
  maxResultPixels: z.number(),
  maxMemory: z.number(),
  timeoutMs: z.number(),
} satisfies Record<keyof PhotoLimits, z.ZodNumber>);

const formats = ['jpeg', 'png', 'webp', 'avif', 'heic'] as const satisfies readonly PhotoFormat[];

/**
 * From the gateway to the child; its blob is the upload. The gateway sends the next request after the reply. Closing the
 * stream ends the child.
 */
export const requestSchema = z.object({ format: z.enum(formats) });

const reasons = ['TOO_MANY_PIXELS', 'TOO_SMALL', 'TRUNCATED', 'HEIF_CODEC_UNSUPPORTED', 'UNSUPPORTED_FORMAT'] as const;

const side = z.int().positive();

/**
 * From the child to the gateway. It is validated as strictly as an upload, because an attacker who exploits a decoder
 * controls the child. `last` means that the child must be replaced.
 */
export const replySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), rss: z.number() }),
  /** Its blob is the JPEG. */
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
    marks: z.object({
      digitalSourceType: z.union([z.literal(''), z.string().max(150).regex(SOURCE_TYPE)]),
      credentialsBy: z
        .string()
        .max(MAX_NAME)
        .regex(/^\P{C}*$/u),
    }),
  }),
  z.object({
    kind: z.literal('refused'),
    last: z.boolean(),
    reason: z.enum(reasons satisfies readonly PhotoErrorReason[]),
    message: z.string().max(400),
    /** The error message of the decoder. */
    cause: z.string().max(400).optional(),
  }),
]);

export type Reply = z.output<typeof replySchema>;
export type Answer = Exclude<Reply, { kind: 'ready' }>;
