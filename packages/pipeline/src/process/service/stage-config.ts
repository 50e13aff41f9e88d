import { z } from 'zod';
import { natsSettingsSchema } from '../../nats/connect.ts';
import { pipelineSettingsSchema } from '../../domain/settings.ts';
import { telemetrySettingsSchema } from '../../telemetry/telemetry-settings.ts';

const port = z.coerce.number().int().min(0).max(65_535);

/** The settings that every stage reads from the environment. */
export const stageConfigSchema = z.object({
  ...natsSettingsSchema.shape,
  ...pipelineSettingsSchema.shape,
  ...telemetrySettingsSchema.shape,
  /** The address of the gRPC server. Port 0 is any free port. */
  GRPC_HOST: z.string().default('127.0.0.1'),
  GRPC_PORT: port,
  /** The address of the metrics server. Port 0 is any free port. */
  METRICS_HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: port,
  /** How long running calls may take to end when the service shuts down. Milliseconds. */
  DRAIN_MS: z.coerce.number().int().min(0).max(3_600_000).default(10_000),
  /** The tokens that callers may use, separated by commas: two of them while one is replaced. */
  STAGE_TOKEN: z
    .string()
    .transform((tokens) => tokens.split(','))
    .refine((tokens) => tokens.every((token) => /^\S{32,}$/.test(token)), 'each token must have 32 characters or more'),
});

export type StageConfig = z.output<typeof stageConfigSchema>;
