import { availableParallelism } from 'node:os';
import type { Secrets } from './secrets.ts';
import type { Service } from './service.ts';

/** What the services of a system have in common. */
export interface Surroundings {
  readonly nats: { readonly url: string; readonly userOf: (name: string) => NodeJS.ProcessEnv };
  readonly secrets: Secrets;
  /** The keys that the gateway takes. */
  readonly apiKeysFile: string;
  readonly model: string;
  readonly computeLock: string;
  readonly http: { readonly host: string; readonly port: number };
}

export interface Ports {
  /** Of a stage's RPCs. */
  readonly grpc: number;
  readonly metrics: number;
}

/**
 * A service's environment: the launcher's own, and what configures the service. It gets no secret that it has no use
 * for.
 */
export function serviceEnvironment(
  { name, kind }: Service,
  { grpc, metrics }: Ports,
  { nats, secrets, apiKeysFile, model, computeLock, http }: Surroundings,
  inherited: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  return {
    LOG_LEVEL: 'info',
    THREADS: String(availableParallelism()),
    EXECUTION_PROVIDER: 'auto',
    ...inherited,
    NATS_URL: nats.url,
    ...nats.userOf(name),
    METRICS_PORT: String(metrics),
    MODEL_DIR: model,
    STAGE_TOKEN: secrets.stageToken,
    ...(kind === 'stage'
      ? { GRPC_PORT: String(grpc), COMPUTE_LOCK: computeLock }
      : {
          HTTP_HOST: http.host,
          HTTP_PORT: String(http.port),
          API_KEYS_FILE: apiKeysFile,
          COOKIE_SECRET: secrets.cookieSecret,
          MEDIA_SECRET: secrets.mediaSecret,
        }),
  };
}
