import { createRegistry } from '@bufbuild/protobuf';
import {
  BadRequestSchema,
  createReflection,
  ErrorInfoSchema,
  Health,
  RetryInfoSchema,
  ServerReflection,
} from '@cinematica/protocol';
import { ProvenanceService, PushService, VideoService } from '@cinematica/protocol/v1';
import { createContextValues } from '@connectrpc/connect';
import type { Interceptor, ServiceImpl } from '@connectrpc/connect';
import { compressionGzip } from '@connectrpc/connect-node';
import { constants } from 'node:http2';
import type { HttpHandler, Request } from '../http/http-handler.ts';
import { createConnectHandler } from './connect-handler.ts';
import type { ConnectHandlerOptions } from './connect-handler.ts';
import { connectionKey, evictionKey } from './context.ts';
import type { Connection } from './context.ts';
import type { Gate } from './gate.ts';
import type { HealthService } from './health.ts';
import {
  COMPRESS_MIN_BYTES,
  MAX_BATCH_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_RESPONSE_BYTES,
  MAX_UPLOAD_BYTES,
} from './limits.ts';
import { createUnknownMethods } from './unknown-method.ts';

/** The types in `google.rpc.Status.details`. */
const ERROR_DETAILS = createRegistry(ErrorInfoSchema, BadRequestSchema, RetryInfoSchema);

/** The dependencies of the RPC services. All of them are required. */
export interface RpcParts extends Pick<ConnectHandlerOptions, 'receive' | 'onResponseError'> {
  /** Implements `cinematica.v1.VideoService`. */
  readonly service: ServiceImpl<typeof VideoService>;
  /** Implements `cinematica.v1.ProvenanceService`. */
  readonly provenance: ServiceImpl<typeof ProvenanceService>;
  /** Implements `cinematica.v1.PushService`. */
  readonly pushService: ServiceImpl<typeof PushService>;
  /** Implements `grpc.health.v1.Health`. */
  readonly health: HealthService;
  /** Called for each call before its body is read. An error that it throws is the answer. */
  readonly gate: Gate;
  /** Validates requests, converts errors, and records metrics. */
  readonly observe: Interceptor;
}

/**
 * Serves `VideoService`, `ProvenanceService`, `PushService`, health and reflection over Connect, gRPC-Web and gRPC.
 * @param fallback answers requests that are not calls.
 */
export function serveRpc(parts: RpcParts, fallback: HttpHandler): HttpHandler {
  const { service, provenance, pushService, health, gate, observe, receive, onResponseError } = parts;
  const reflection = createReflection([VideoService, ProvenanceService, PushService, Health]);
  return createConnectHandler({
    routes(router) {
      router.service(VideoService, service);
      const { createVideo, batchCreateVideos } = VideoService.method;
      router.rpc(createVideo, (request, context) => service.createVideo(request, context), {
        readMaxBytes: MAX_UPLOAD_BYTES,
      });
      router.service(ProvenanceService, provenance, { readMaxBytes: MAX_UPLOAD_BYTES });
      router.rpc(batchCreateVideos, (request, context) => service.batchCreateVideos(request, context), {
        readMaxBytes: MAX_BATCH_BYTES,
      });
      router.service(PushService, pushService);
      router.service(Health, health.implementation);
      router.service(ServerReflection, {
        // Reflection does not use the call context.
        serverReflectionInfo: (requests) => reflection.serverReflectionInfo(requests, undefined as never),
      });
    },
    receive,
    onResponseError,
    fallback,
    requestGate: gate.admit,
    unknownMethod: createUnknownMethods(gate.admitUnknown),
    interceptors: [observe],
    contextValues: (request) =>
      createContextValues().set(connectionKey, connectionOf(request)).set(evictionKey, new AbortController()),
    acceptCompression: [compressionGzip],
    compressMinBytes: COMPRESS_MIN_BYTES,
    readMaxBytes: MAX_MESSAGE_BYTES,
    writeMaxBytes: MAX_RESPONSE_BYTES,
    // Otherwise each unknown field becomes an object, and an upload can contain millions of them.
    binaryOptions: { readUnknownFields: false },
    // A misspelt field or enum name is refused. Dropping it would make another video than the one that was asked for.
    // The results of a batch contain the details of errors, whose types are not in the schema of the response.
    jsonOptions: { ignoreUnknownFields: false, registry: ERROR_DETAILS },
  });
}

function connectionOf(request: Request): Connection {
  const close = () => {
    if ('stream' in request) request.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    else request.socket.destroy();
  };
  return { peer: request.socket.remoteAddress ?? '', close };
}
