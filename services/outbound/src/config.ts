import {
  natsSettingsSchema,
  pipelineSettingsSchema,
  telemetrySettingsSchema,
  timestampUrlSchema,
  tokensSchema,
} from '@cinematica/pipeline';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = (fallback: number, most: number) => z.coerce.number().int().min(1).max(most).default(fallback);

/**
 * The settings that the outbound service reads from the environment. OUTBOUND, OUTBOUND_PORTS and
 * OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES are declared in `pipelineSettingsSchema`, because the gateway reads them, too:
 * it checks the same URLs when it receives a request.
 */
export const configSchema = z.object({
  ...natsSettingsSchema.shape,
  ...pipelineSettingsSchema.shape,
  ...telemetrySettingsSchema.shape,
  /** The address of the gRPC server. Default 127.0.0.1, which only this machine can reach. */
  GRPC_HOST: z.string().min(1).default('127.0.0.1'),
  /** The port of the gRPC server. Required. Port 0 is any free port. */
  GRPC_PORT: port,
  /** The address of the metrics server. Default 127.0.0.1. */
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  /** The port of `/metrics`, `/livez` and `/readyz`. Required. Port 0 is any free port. */
  METRICS_PORT: port,
  /** The tokens that the gateway and the muxer may use, separated by commas: two of them while one is replaced. Required. */
  OUTBOUND_TOKEN: tokensSchema,
  /**
   * A file with the secrets that sign webhooks: in each line the name of an API key, or `*` for all others, and a secret
   * `whsec_…`. Required.
   */
  WEBHOOK_SECRETS_FILE: z.string().min(1),
  /** How long a receiver may take to answer. Default 15 seconds. Milliseconds. */
  WEBHOOK_TIMEOUT_MS: milliseconds(15_000, 60_000),
  /**
   * The pauses between the attempts to deliver a webhook, separated by commas; each varies by a tenth at random. After the last
   * pause there is one more attempt. Default: nine attempts in a day. Seconds.
   */
  WEBHOOK_PAUSES_S: z
    .string()
    .transform((pauses) => pauses.split(',').map(Number))
    .pipe(z.array(z.number().min(0).max(86_400)).min(1))
    .default([5, 60, 300, 1_800, 7_200, 18_000, 28_800, 28_800]),
  /** How long the download of a photo may take. Default 20 seconds. Milliseconds. */
  IMAGE_TIMEOUT_MS: milliseconds(20_000, 50_000),
  /**
   * The URL of the time stamp authority (RFC 3161) for content credentials. Default: none, and files have no time stamp. It is the
   * operator's, so that it may be `http`, and a private address.
   */
  TIMESTAMP_URL: timestampUrlSchema.optional(),
  /** How long the time stamp authority may take to answer. Default 5 seconds. Milliseconds. */
  TIMESTAMP_TIMEOUT_MS: milliseconds(5_000, 30_000),
  /** How long downloads and deliveries may take to end when the service stops. Default 10 seconds. Milliseconds. */
  DRAIN_MS: z.coerce.number().int().min(0).max(3_600_000).default(10_000),
});

export type Config = z.output<typeof configSchema>;
