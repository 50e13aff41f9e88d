import { natsSettingsSchema, pipelineSettingsSchema, telemetrySettingsSchema } from '@cinematica/pipeline';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const count = (fallback: number, least = 1) => z.coerce.number().int().min(least).max(1_000_000).default(fallback);
const milliseconds = (fallback: number) => z.coerce.number().int().min(1).max(86_400_000).default(fallback);
const secret = z.string().min(32, 'must have at least 32 characters, all of them random');

/** Everything that the gateway is told, as environment variables. */
export const configSchema = z.object({
  ...natsSettingsSchema.shape,
  ...pipelineSettingsSchema.shape,
  ...telemetrySettingsSchema.shape,
  /** Where it listens: the one port of Connect, gRPC-Web, gRPC, media and pages. Port 0 is any free one. */
  HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  HTTP_PORT: port,
  /** Where Prometheus reads; nowhere unless it is given. */
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  METRICS_PORT: port.optional(),
  /**
   * Where KEDA asks how much there is to do; nowhere unless it is given. KEDA has no token to show: whoever reaches this
   * port may ask, and learns numbers only, so that a port of its own and a NetworkPolicy keep others out.
   */
  SCALER_HOST: z.string().min(1).default('127.0.0.1'),
  SCALER_PORT: port.optional(),
  /** The folder of the model that videos are made with. */
  MODEL_DIR: z.string().min(1),
  /** Signs the cookie that tells browsers apart. */
  COOKIE_SECRET: secret,
  /** Whether browsers send the cookie over https only. */
  COOKIE_SECURE: z.stringbool().default(false),
  /** Signs the links to media. */
  MEDIA_SECRET: secret,
  /** How long an owner's link to a file works at least. Milliseconds. */
  MEDIA_LINK_MS: milliseconds(900_000),
  /** The keys of other services, a line each: a name and the SHA-256 of the key in hex. */
  API_KEYS_FILE: z.string().min(1).optional(),
  /** Reverse proxies in front, each of which adds to `x-forwarded-for`: by how many that header is to be believed. */
  TRUSTED_PROXIES: count(0, 0),
  /** Unfinished videos, and videos in a day, of all callers without a key at one address. */
  MAX_ACTIVE_PER_ADDRESS: count(100),
  MAX_DAILY_PER_ADDRESS: count(1_000),
  /** Calls a second that a caller, and an address without a key, may make in the long run; a burst has five times as many. */
  CALLS_PER_SECOND: count(50),
  /** Videos that a caller may watch at once. */
  MAX_WATCHES_PER_CALLER: count(50),
  /** A watcher that takes nothing for this long is dropped. Milliseconds. */
  WATCHER_STALL_MS: milliseconds(20_000),
  /** `handler.js` of the web app, to be served here as well; without it there is a page on the API. */
  WEB_HANDLER: z.string().min(1).optional(),
  /** Connections at once. At the limit, idle ones are closed for new ones. */
  MAX_CONNECTIONS: count(5_000),
  /** Connections of one address at once; without effect behind proxies (TRUSTED_PROXIES), whose connections are many people's. */
  MAX_CONNECTIONS_PER_ADDRESS: count(2_500),
  /** Photos that are decoded at once, each in a process of its own. */
  PHOTO_PROCESSES: count(1),
  /** How long calls may take to end when the gateway is told to. Milliseconds. */
  DRAIN_MS: milliseconds(10_000),
});

export type Config = z.output<typeof configSchema>;
