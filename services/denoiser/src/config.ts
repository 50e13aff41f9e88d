import { modelConfigSchema } from '@cinematica/pipeline/model';
import { stageConfigSchema } from '@cinematica/pipeline/service';
import { z } from 'zod';

/** Everything that this stage is told, as environment variables. */
export const configSchema = z.object({ ...stageConfigSchema.shape, ...modelConfigSchema.shape });
