import { availableParallelism } from 'node:os';
import type { Secrets } from './secrets.ts';
import type { Service } from './service.ts';

/** Settings that all services of a system share. */
export interface Surroundings {
  readonly nats: { readonly url: string; readonly userOf: (name: string) => NodeJS.ProcessEnv };
  readonly secrets: Secrets;
  /** The file with the keys that the gateway accepts. */
  readonly apiKeysFile: string;
  readonly model: string;
  readonly computeLock: string;
  readonly http: { readonly host: string; readonly port: number };
}

export interface Ports {
  /** The port of a stage's gRPC server. */
  readonly grpc: number;
  readonly metrics: number;
}

/**
 * A small young generation is collected often, so that the chunks of uploads are released soon: the gateway takes 50 MB less
 * at rest, and 30 MB less while photos arrive. deploy/k8s/base/gateway.yaml has the same option.
 */
export const GATEWAY_NODE_OPTIONS = '--max-semi-space-size=4';

/**
 * A service's environment: the launcher's own, and the service's settings. A service gets only the secrets that it uses.
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
          NODE_OPTIONS: `${inherited.NODE_OPTIONS ?? ''} ${GATEWAY_NODE_OPTIONS}`.trim(),
          SHARED_CORES: 'true',
          HTTP_HOST: http.host,
          HTTP_PORT: String(http.port),
          API_KEYS_FILE: apiKeysFile,
          COOKIE_SECRET: secrets.cookieSecret,
          MEDIA_SECRET: secrets.mediaSecret,
          VAPID_PRIVATE_KEY: secrets.vapidPrivateKey,
        }),
  };
}
