import {
  firstTokenSchema,
  natsSettingsSchema,
  pipelineSettingsSchema,
  telemetrySettingsSchema,
} from '@cinematica/pipeline';
import { modelConfigSchema } from '@cinematica/pipeline/model';
import { markKeysSchema } from '@cinematica/provenance';
import { z } from 'zod';
import { PUSH_HOSTS } from './push/push-transport.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const count = (fallback: number, least = 1) => z.coerce.number().int().min(least).max(1_000_000).default(fallback);
const milliseconds = (fallback: number) => z.coerce.number().int().min(1).max(86_400_000).default(fallback);
const anonymous = z.enum(['on', 'off']).default('on');
const origins = z
  .string()
  .default('')
  .transform((list) => list.split(',').flatMap((origin) => origin.trim() || []))
  .refine(
    (list) => list.every((origin) => origin === '*' || URL.parse(origin)?.origin === origin),
    'must be origins such as https://shop.example, without a path, separated by commas, or *',
  );
const publicUrl = z
  .string()
  .refine((url) => /^https?:\/\/[^/?#]+\/?$/.test(url), 'must be a URL such as https://videos.example, without a path')
  .transform((url) => url.replace(/\/$/, ''))
  .optional();
const secret = z.string().min(32, 'must have at least 32 characters, all of them random');

/** The settings that the gateway reads from the environment. */
export const configSchema = z.object({
  ...natsSettingsSchema.shape,
  ...pipelineSettingsSchema.shape,
  ...telemetrySettingsSchema.shape,
  /** The address of the public port. Default 127.0.0.1, which only this machine can reach. */
  HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  /** The public port, for Connect, gRPC-Web, gRPC, media and pages. Required. Port 0 is any free port. */
  HTTP_PORT: port,
  /** The address of the metrics server. Default 127.0.0.1. */
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  /** The port of `/metrics`, `/livez` and `/readyz` for Prometheus. Default: no metrics server. Port 0 is any free port. */
  METRICS_PORT: port.optional(),
  /** The address of KEDA's external scaler. Default 127.0.0.1. */
  SCALER_HOST: z.string().min(1).default('127.0.0.1'),
  /**
   * The port of KEDA's external scaler, which reports how many tasks each stage has. Default: no scaler. KEDA sends no
   * token, so everyone who reaches this port can read these numbers. A NetworkPolicy should admit KEDA only.
   */
  SCALER_PORT: port.optional(),
  /** The model that new videos are made with: a folder or a file. Required. */
  MODEL_DIR: modelConfigSchema.shape.MODEL_DIR.min(1),
  LORA: modelConfigSchema.shape.LORA,
  /** The key that signs the cookies of browsers. Required. A new key makes every browser a new caller. */
  COOKIE_SECRET: secret,
  /** Whether browsers send the cookie over HTTPS only. Default false, for use without TLS on one machine. */
  COOKIE_SECURE: z.stringbool().default(false),
  /**
   * The private VAPID key for notifications in browsers (RFC 8292): 32 bytes in base64url. Default: no notifications. A new
   * key invalidates the subscriptions of all devices.
   */
  VAPID_PRIVATE_KEY: z.string().min(1).optional(),
  /** An https URL or a mailto address of the operator, for push services. Default: the address of this project. */
  VAPID_SUBJECT: z
    .string()
    .regex(/^(https:\/\/|mailto:)/, 'must begin with https:// or mailto:')
    .default('https://cinematica.dev'),
  /**
   * The hosts of the push services that notifications are sent to, over https, separated by commas. A leading dot stands for
   * all hosts that end so. Default: those of Chrome, Firefox, Edge and Safari.
   */
  PUSH_HOSTS: z.string().default(PUSH_HOSTS),
  /** The key that signs links to media. Required. A new key invalidates all links. */
  MEDIA_SECRET: secret,
  /** How long an owner's link to a file works at least. Default 15 minutes. Milliseconds. */
  MEDIA_LINK_MS: milliseconds(900_000),
  /**
   * A file with the API keys of services: a name and the SHA-256 of the key in each line. It is read again when it changes.
   * Default: no keys.
   */
  API_KEYS_FILE: z.string().min(1).optional(),
  /**
   * Whether callers without an API key may create videos. With `off` they are refused, also the web app's browsers; shared
   * videos stay visible, and VerifyMedia still needs no key. Default `on`.
   */
  ANONYMOUS: anonymous,
  /** The origins whose web pages may call the API with a key and show media, separated by commas; `*` for all. Default: none. */
  ALLOWED_ORIGINS: origins,
  /**
   * The URL at which callers reach this system, without a path. Links to media and to shared videos start with it. Default:
   * links are relative.
   */
  PUBLIC_URL: publicUrl,
  /**
   * The number of reverse proxies in front of the gateway, each of which appends to `x-forwarded-for`. The client address is
   * the entry at this position from the end. Default 0: the header is ignored, and the peer is the client.
   */
  TRUSTED_PROXIES: count(0, 0),
  /**
   * Whether all stages share the cores of one machine, as with `npm start`. Estimates then count that tasks slow each other
   * down. Default false: each stage has processors of its own.
   */
  SHARED_CORES: z.stringbool().default(false),
  /** The most unfinished videos of all callers without a key at one client address. Default 100. */
  MAX_ACTIVE_PER_ADDRESS: count(100),
  /** The most videos in a day (UTC) of all callers without a key at one client address. Default 1000. */
  MAX_DAILY_PER_ADDRESS: count(1_000),
  /**
   * The sustained rate of calls of one API key, or of one client address without a key. Five times as many are allowed in a
   * burst. Further calls are refused. Default 50. Calls in a second.
   */
  CALLS_PER_SECOND: count(50),
  /**
   * The most watches that a caller can have open at the same time: each is of one video, or of all. The callers without a key
   * at one client address can have 20 times as many together. Default 50.
   */
  MAX_WATCHES_PER_CALLER: count(50),
  /** The connection of a watcher that does not read for this long is closed. Default 20 seconds. Milliseconds. */
  WATCHER_STALL_MS: milliseconds(20_000),
  /**
   * How often watches repeat a message while nothing changes, so that proxies keep them open: WatchVideo the progress,
   * WatchVideos its first message, and a watch of the health the status. Default 10 seconds. Milliseconds.
   */
  WATCH_HEARTBEAT_MS: milliseconds(10_000),
  /** The path of the built web app's `handler.js`, which is then served too. Default: a page about the API. */
  WEB_HANDLER: z.string().min(1).optional(),
  /** The most open connections. At the limit, the connection that is idle for longest is closed. Default 5000. */
  MAX_CONNECTIONS: count(5_000),
  /**
   * The most open connections of one address. Default 2500. Ignored with TRUSTED_PROXIES, because a proxy's connections
   * belong to many clients.
   */
  MAX_CONNECTIONS_PER_ADDRESS: count(2_500),
  /**
   * The number of photos that are decoded at the same time, each in a process that may use 400 MiB. One more process is kept ready.
   * Default 1.
   */
  PHOTO_PROCESSES: count(1),
  /**
   * The address of the outbound service's gRPC server, which downloads photos from `image_url`. Default: requests with
   * `image_url` are refused.
   */
  OUTBOUND_ADDRESS: z.string().min(1).optional(),
  /** The token for calls of the outbound service, one of its OUTBOUND_TOKEN. Of several, the first one is used. */
  OUTBOUND_TOKEN: firstTokenSchema.optional(),
  /** The keys of the invisible marks that VerifyMedia looks for, as the muxer has them. Default: none, and it finds no mark. */
  MARK_KEYS: markKeysSchema.optional(),
  /**
   * The file with the roots, as PEM, of this installation: what they vouch for was made here. Default: none, and nothing is
   * recognised by its content credentials.
   */
  CREDENTIALS_ROOTS: z.string().min(1).optional(),
  /** The file with the roots, as PEM, of other signers of content credentials whom the operator trusts. Default: none. */
  CREDENTIALS_TRUSTED_ROOTS: z.string().min(1).optional(),
  /** The file with the roots, as PEM, of the time stamp authorities whose clocks are believed. Default: none. */
  TIMESTAMP_ROOTS: z.string().min(1).optional(),
  /** The most files that one client address can check in a minute. Default 20. */
  VERIFY_PER_MINUTE: count(20),
  /** How long running calls may take to end when the gateway stops. Default 10 seconds. Milliseconds. */
  DRAIN_MS: milliseconds(10_000),
});

export type Config = z.output<typeof configSchema>;
