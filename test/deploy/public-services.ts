import * as publicApi from '@cinematica/protocol/v1';

/** The gRPC services that callers reach: the API's, reflection, and health. */
export const PUBLIC_SERVICES: readonly string[] = [
  ...Object.values(publicApi).flatMap((each) => ('kind' in each && each.kind === 'service' ? [each.typeName] : [])),
  'grpc.reflection.v1.ServerReflection',
  'grpc.health.v1.Health',
];
