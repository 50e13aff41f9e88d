import type { UserName } from '@cinematica/pipeline/nats-access';

/** A service that the launcher starts. */
export interface Service {
  readonly name: Exclude<UserName, 'launcher' | 'provisioner'>;
  /** The file that Node runs. */
  readonly entry: string;
  /** A stage answers `grpc.health.v1` at GRPC_PORT, the gateway `GET /readyz` at HTTP_PORT. */
  readonly kind: 'gateway' | 'stage';
}

/** The programs that a launcher starts besides NATS. */
export interface System {
  /** Creates streams and buckets before the services start, and exits. */
  readonly provisioner: string;
  readonly services: readonly Service[];
}
