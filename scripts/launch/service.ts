import type { UserName } from '@cinematica/pipeline/nats-access';

/** A service as the launcher starts it. */
export interface Service {
  readonly name: Exclude<UserName, 'launcher' | 'provisioner'>;
  /** Its program, TypeScript or JavaScript, for Node. */
  readonly entry: string;
  /** A stage answers `grpc.health.v1` at GRPC_PORT, the gateway `GET /readyz` at HTTP_PORT. */
  readonly kind: 'gateway' | 'stage';
}

/** All that a launcher starts besides NATS. */
export interface System {
  /** Makes the streams and buckets, and ends; runs before the services, at every start. */
  readonly provisioner: string;
  readonly services: readonly Service[];
}
