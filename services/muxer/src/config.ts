import { firstTokenSchema, timestampUrlSchema } from '@cinematica/pipeline';
import { stageConfigSchema } from '@cinematica/pipeline/service';
import { markKeysSchema } from '@cinematica/provenance';
import { z } from 'zod';

/** The settings of this service, from the environment. */
export const configSchema = z.object({
  ...stageConfigSchema.shape,
  /**
   * The number of threads that finish frames, and of each of ffmpeg's encoders. Another number changes the bytes of the files.
   */
  MUX_THREADS: z.coerce.number().int().min(1).max(64).default(2),
  /** How long finishing the frames of a video may compute. After that, or after two minutes without a new frame, they are encoded without it. Milliseconds. */
  FINISH_TIMEOUT_MS: z.coerce.number().int().min(1).max(86_400_000).default(900_000),
  /** Whether an invisible mark is put into the pictures of new videos. It needs MARK_KEYS. Default true. */
  INVISIBLE_MARK: z.stringbool().default(true),
  /**
   * The keys of the invisible mark: secrets of at least 32 random characters, separated by commas. New videos are marked with
   * the first one. Default: none, and videos are not marked.
   */
  MARK_KEYS: markKeysSchema.optional(),
  /** The number of this installation among those that share MARK_KEYS, 0 to 255. It is part of the mark. Default 0. */
  MARK_INSTALLATION: z.coerce.number().int().min(0).max(255).default(0),
  /** Whether a small label “AI” is put into the lower left corner of new videos. Default false. */
  VISIBLE_MARK: z.stringbool().default(false),
  /**
   * The folder with the certificate and the key for content credentials: `certificates.pem` (the certificate, then the authorities
   * above it) and `key.pem` (PKCS #8, not encrypted). Without it, files have no content credentials.
   */
  CREDENTIALS_FOLDER: z.string().min(1).optional(),
  /**
   * The URL of the time stamp authority (RFC 3161), as the outbound service has it, which makes the connection. Default: none, and
   * content credentials have no time stamp.
   */
  TIMESTAMP_URL: timestampUrlSchema.optional(),
  /** The address of the outbound service's gRPC server. Required for time stamps. */
  OUTBOUND_ADDRESS: z.string().min(1).optional(),
  /** The token for calls of the outbound service, one of its OUTBOUND_TOKEN. Of several, the first one is used. Required for time stamps. */
  OUTBOUND_TOKEN: firstTokenSchema.optional(),
});

export type Config = z.output<typeof configSchema>;
