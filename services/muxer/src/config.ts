import { stageConfigSchema } from '@cinematica/pipeline/service';
import { z } from 'zod';

/** Everything that this stage is told, as environment variables. */
export const configSchema = z.object({
  ...stageConfigSchema.shape,
  /** Of ffmpeg's encoders; another number gives other bytes. */
  MUX_THREADS: z.coerce.number().int().min(1).max(64).default(2),
});
