import type { UserName } from '@cinematica/pipeline/nats-access';

/** A service that the launcher starts. */
export interface Service {
  readonly name: Exclude<UserName, 'launcher' | 'provisioner'>;
  /** The file that Node runs. */
  readonly entry: string;
  /** The gateway answers `GET /readyz` at HTTP_PORT; the others answer `grpc.health.v1` at GRPC_PORT. */
  readonly kind: 'gateway' | 'stage' | 'outbound';
}

/** The programs that a launcher starts besides NATS. */
export interface System {
  /** Creates streams and buckets before the services start, and exits. */
  readonly provisioner: string;
  readonly services: readonly Service[];
  /**
   * Prepares this machine before the services start, such as its GPU. Default: nothing.
   *
   * @param env the environment of the services
   * @returns further variables for the services
   * @throws LaunchError when the system can't run; the reason of the signal when that aborts
   */
  readonly prepare?: (env: NodeJS.ProcessEnv, signal: AbortSignal) => Promise<NodeJS.ProcessEnv>;
}
