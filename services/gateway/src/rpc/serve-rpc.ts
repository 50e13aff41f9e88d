import { createReflection, Health, ServerReflection } from '@cinematica/protocol';
import { VideoService } from '@cinematica/protocol/v1';
import { createContextValues } from '@connectrpc/connect';
import type { HandlerContext, Interceptor, ServiceImpl } from '@connectrpc/connect';
import { compressionGzip, connectNodeAdapter } from '@connectrpc/connect-node';
import { constants } from 'node:http2';
import type { HttpHandler, Request, Response } from '../http/http-handler.ts';
import { connectionKey } from './context.ts';
import type { Connection } from './context.ts';
import type { HealthService } from './health.ts';
import { COMPRESS_MIN_BYTES, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES } from './limits.ts';

export interface RpcParts {
  readonly service: ServiceImpl<typeof VideoService>;
  readonly health: HealthService;
  readonly gate: (context: HandlerContext) => Promise<void>;
  readonly observe: Interceptor;
}

/** The services over Connect, gRPC-Web and gRPC. @param others answers what is no call. */
export function serveRpc({ service, health, gate, observe }: RpcParts, others: HttpHandler): HttpHandler {
  const reflection = createReflection([VideoService, Health]);
  return connectNodeAdapter({
    routes(router) {
      router.service(VideoService, service);
      router.service(Health, health.implementation);
      router.service(ServerReflection, {
        // It asks nothing of its caller.
        serverReflectionInfo: (requests) => reflection.serverReflectionInfo(requests, undefined as never),
      });
    },
    requestGate: gate,
    interceptors: [observe],
    contextValues: (request) => createContextValues().set(connectionKey, connectionOf(request)),
    fallback: (request, response) => others(request, response as Response),
    acceptCompression: [compressionGzip],
    compressMinBytes: COMPRESS_MIN_BYTES,
    readMaxBytes: MAX_REQUEST_BYTES,
    writeMaxBytes: MAX_RESPONSE_BYTES,
  });
}

function connectionOf(request: Request): Connection {
  const drop = () => {
    if ('stream' in request) request.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    else request.socket.destroy();
  };
  return { peer: request.socket.remoteAddress ?? '', drop };
}
