import { z } from 'zod';
import { natsSettingsSchema } from '../../nats/connect.ts';
import { tokensSchema } from '../../domain/token-settings.ts';
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
  STAGE_TOKEN: tokensSchema,
});

export type StageConfig = z.output<typeof stageConfigSchema>;
