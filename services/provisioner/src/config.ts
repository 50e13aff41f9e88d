import { natsSettingsSchema, pipelineSettingsSchema } from '@cinematica/pipeline';
import { modelConfigSchema } from '@cinematica/pipeline/model';
import { z } from 'zod';

/** The settings of the provisioner, from the environment. */
export const configSchema = z.object({
  ...natsSettingsSchema.shape,
  ...pipelineSettingsSchema.shape,
  MODEL_DIR: modelConfigSchema.shape.MODEL_DIR,
  LORA: modelConfigSchema.shape.LORA,
});
