import { z } from 'zod';
import { natsSettingsSchema } from '../../nats/connect.ts';
import { pipelineSettingsSchema } from '../../domain/settings.ts';
import { telemetrySettingsSchema } from '../../telemetry/telemetry-settings.ts';

const port = z.coerce.number().int().min(0).max(65_535);

/** What every stage reads from the environment. */
export const stageConfigSchema = z.object({
  ...natsSettingsSchema.shape,
  ...pipelineSettingsSchema.shape,
  ...telemetrySettingsSchema.shape,
  /** Where its RPCs are: on this machine only, unless told. Port 0 is any free one. */
  GRPC_HOST: z.string().default('127.0.0.1'),
  GRPC_PORT: port,
  /** Where Prometheus reads. */
  METRICS_HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: port,
  /** How long calls that run may still take when the service is told to end. Milliseconds. */
  DRAIN_MS: z.coerce.number().int().min(0).max(3_600_000).default(10_000),
  /** Tokens that callers use, with commas between: two while one is replaced. */
  STAGE_TOKEN: z
    .string()
    .transform((tokens) => tokens.split(','))
    .refine((tokens) => tokens.every((token) => /^\S{32,}$/.test(token)), 'each token must have 32 characters or more'),
});

export type StageConfig = z.output<typeof stageConfigSchema>;
