import { formatLoras } from '@cinematica/svd';
import type { LoraFile } from '@cinematica/svd';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Secrets } from './secrets.ts';
import type { Service } from './service.ts';

/** Settings that all services of a system share. */
export interface Surroundings {
  readonly nats: { readonly url: string; readonly userOf: (name: string) => NodeJS.ProcessEnv };
  readonly secrets: Secrets;
  /** The file with the keys that the gateway accepts. */
  readonly apiKeysFile: string;
  /** The file with the secrets that sign webhooks. */
  readonly webhookSecretsFile: string;
  /** The address of the outbound service; undefined for a system without one. */
  readonly outboundAddress: string | undefined;
  /** The folder with the certificate for content credentials. */
  readonly credentials: string;
  readonly model: string;
  readonly loras: readonly LoraFile[];
  readonly computeLock: string;
  readonly http: { readonly host: string; readonly port: number };
}

export interface Ports {
  /** The port of the gRPC server of a stage or of the outbound service. */
  readonly grpc: number;
  readonly metrics: number;
}

/**
 * A small young generation is collected often, so that the chunks of uploads are released soon: the gateway takes 50 MB less
 * at rest, and 30 MB less while photos arrive. deploy/k8s/base/gateway.yaml has the same option.
 */
export const GATEWAY_NODE_OPTIONS = '--max-semi-space-size=4';

/** The settings of every program that opens the model. */
export const modelEnvironment = ({ model, loras }: Pick<Surroundings, 'model' | 'loras'>): NodeJS.ProcessEnv => ({
  MODEL_DIR: model,
  ...(loras.length === 0 ? {} : { LORA: formatLoras(loras) }),
});

/**
 * A service's environment: the launcher's own, and the service's settings. A service gets only the secrets that it uses.
 */
export function serviceEnvironment(
  service: Service,
  ports: Ports,
  surroundings: Surroundings,
  inherited: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const { nats } = surroundings;
  return {
    LOG_LEVEL: 'info',
    THREADS: String(availableParallelism()),
    EXECUTION_PROVIDER: 'auto',
    ...inherited,
    NATS_URL: nats.url,
    ...nats.userOf(service.name),
    METRICS_PORT: String(ports.metrics),
    ...modelEnvironment(surroundings),
    ...ownSettings(service, ports, surroundings, inherited),
  };
}

function ownSettings(
  { name, kind }: Service,
  { grpc }: Ports,
  { secrets, apiKeysFile, credentials, webhookSecretsFile, outboundAddress, computeLock, http }: Surroundings,
  { NODE_OPTIONS = '' }: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  switch (kind) {
    case 'stage':
      return {
        GRPC_PORT: String(grpc),
        STAGE_TOKEN: secrets.stageToken,
        COMPUTE_LOCK: computeLock,
        ...(name === 'muxer'
          ? {
              MARK_KEYS: secrets.markKeys.join(','),
              CREDENTIALS_FOLDER: credentials,
              OUTBOUND_ADDRESS: outboundAddress,
              OUTBOUND_TOKEN: secrets.outboundToken,
            }
          : {}),
      };
    case 'outbound':
      return {
        GRPC_PORT: String(grpc),
        OUTBOUND_TOKEN: secrets.outboundToken,
        WEBHOOK_SECRETS_FILE: webhookSecretsFile,
      };
    case 'gateway':
      return {
        NODE_OPTIONS: `${NODE_OPTIONS} ${GATEWAY_NODE_OPTIONS}`.trim(),
        SHARED_CORES: 'true',
        HTTP_HOST: http.host,
        HTTP_PORT: String(http.port),
        API_KEYS_FILE: apiKeysFile,
        COOKIE_SECRET: secrets.cookieSecret,
        MEDIA_SECRET: secrets.mediaSecret,
        VAPID_PRIVATE_KEY: secrets.vapidPrivateKey,
        MARK_KEYS: secrets.markKeys.join(','),
        CREDENTIALS_ROOTS: join(credentials, 'root.pem'),
        OUTBOUND_ADDRESS: outboundAddress,
        OUTBOUND_TOKEN: secrets.outboundToken,
      };
  }
}
