import { stageConfigSchema } from '@cinematica/pipeline/service';
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
  /**
   * The folder with the certificate and the key for content credentials: `certificates.pem` (the certificate, then the authorities
   * above it) and `key.pem` (PKCS #8, not encrypted). Without it, files have no content credentials.
   */
  CREDENTIALS_FOLDER: z.string().min(1).optional(),
});
