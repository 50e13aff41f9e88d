import type { RpcServer } from '@cinematica/protocol';
import type { StageConfig } from './stage-config.ts';

/**
 * Opens the port of a gRPC server.
 * @param cleanup receives what closes the server.
 * @returns the port.
 * @throws Error that names GRPC_PORT when the port cannot be opened.
 */
export async function listenForCalls(
  server: RpcServer,
  { GRPC_HOST, GRPC_PORT }: Pick<StageConfig, 'GRPC_HOST' | 'GRPC_PORT'>,
  cleanup: AsyncDisposableStack,
): Promise<number> {
  const port = await server.listen(`${GRPC_HOST}:${GRPC_PORT}`).catch((cause: unknown) => {
    throw new Error(`GRPC_PORT=${GRPC_PORT}: ${(cause as Error).message}`, { cause });
  });
  cleanup.defer(() => server.close(0));
  return port;
}
