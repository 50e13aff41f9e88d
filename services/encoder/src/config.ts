import { modelConfigSchema } from '@cinematica/pipeline/model';
import { stageConfigSchema } from '@cinematica/pipeline/service';
import { z } from 'zod';

/** The settings of this service, from the environment. */
export const configSchema = z.object({ ...stageConfigSchema.shape, ...modelConfigSchema.shape });
