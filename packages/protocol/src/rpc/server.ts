import type { DescService } from '@bufbuild/protobuf';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { ServerReflection } from '../gen/grpc/reflection/v1/reflection_pb.ts';
import { requireBearerToken } from './bearer-token.ts';
import { handleCall } from './handle-call.ts';
import type { CallRunner, CallWatch, FaultListener } from './handle-call.ts';
import type { ServiceHandlers } from './handlers.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { createReflection } from './reflection.ts';
import { serviceDefinition } from './service-definition.ts';

/** How a server is set up. */
export interface RpcServerOptions {
  /** Tokens that callers may use, one of which they must; null where whoever gets here may call. */
  readonly tokens: readonly string[] | null;
  /** The most that a message may take, in bytes; 2 MiB unless told. */
  readonly maxMessageBytes?: number;
  /** Told of every call that ended in a fault of ours, with its cause. */
  readonly onFault: FaultListener;
  /** Around every call of a service that was added; nothing unless given. */
  readonly around?: CallRunner;
}

const alone: CallRunner = (_method, _context, run) => run();

/** A gRPC server, with health (`grpc.health.v1`) and reflection. */
export interface RpcServer {
  /** Serves a service, all of them before `listen`. */
  add<S extends DescService>(service: S, handlers: ServiceHandlers<S>): void;
  /**
   * Says in `grpc.health.v1` whether the server, and with it every service, can do its work. It can't until told.
   */
  setServing(serving: boolean): void;
  /**
   * @param address such as `127.0.0.1:50051`; port 0 for a free one
   * @returns the port
   */
  listen(address: string): Promise<number>;
  /** Takes no more calls, lets the ones it has end for so many milliseconds, and cancels the rest. */
  close(graceMs: number): Promise<void>;
}

/** A gRPC server for services that protobuf-es describes. */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  const { tokens, maxMessageBytes = MAX_MESSAGE_BYTES, onFault, around = alone } = options;
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': 100,
    // A caller whose machine vanished holds the compute slot no longer than this.
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
    ...(tokens === null ? {} : { interceptors: [requireBearerToken(tokens)] }),
  });
  const services: DescService[] = [];
  const health = new HealthImplementation({ '': 'NOT_SERVING' });

  const register = <S extends DescService>(service: S, handlers: ServiceHandlers<S>, watch: CallWatch): void => {
    const entries = service.methods.map((method) => {
      const handler = handlers[method.localName as keyof typeof handlers] as Parameters<typeof handleCall>[1];
      return [method.localName, handleCall(method, handler.bind(handlers), watch)] as const;
    });
    server.addService(serviceDefinition(service), Object.fromEntries(entries));
  };

  return {
    add: (service, handlers) => {
      register(service, handlers, { onFault, around });
      services.push(service);
      health.setStatus(service.typeName, 'NOT_SERVING');
    },
    setServing: (serving) => {
      for (const name of ['', ...services.map(({ typeName }) => typeName)]) {
        health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
      }
    },
    listen: (address) => {
      health.addToServer(server);
      register(ServerReflection, createReflection(services), { onFault, around: alone });
      return new Promise((resolve, reject) => {
        server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
          if (error) reject(new Error(`gRPC can't listen on ${address}: ${error.message}`, { cause: error }));
          else resolve(port);
        });
      });
    },
    close: (graceMs) =>
      new Promise((resolve) => {
        const haste = setTimeout(() => server.forceShutdown(), graceMs);
        server.tryShutdown(() => {
          clearTimeout(haste);
          resolve();
        });
      }),
  };
}
