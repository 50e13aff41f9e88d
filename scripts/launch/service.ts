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
}
