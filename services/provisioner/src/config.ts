import { natsSettingsSchema, pipelineSettingsSchema } from '@cinematica/pipeline';
import { modelConfigSchema } from '@cinematica/pipeline/model';
import { z } from 'zod';

/** Everything that the provisioner is told, as environment variables. */
export const configSchema = z.object({
  ...natsSettingsSchema.shape,
  ...pipelineSettingsSchema.shape,
  MODEL_DIR: modelConfigSchema.shape.MODEL_DIR,
});
