import type { DescService } from '@bufbuild/protobuf';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { ServerReflection } from '../gen/grpc/reflection/v1/reflection_pb.ts';
import { requireBearerToken } from './bearer-token.ts';
import { handleCall } from './handle-call.ts';
import type { CallRunner, CallWatch, FaultListener } from './handle-call.ts';
import type { ServiceHandlers } from './handlers.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { createReflection } from './reflection.ts';
import { serviceDefinition } from './service-definition.ts';

/** Options of a server. */
export interface RpcServerOptions {
  /** Valid tokens, one of which a call must have; null to allow calls without a token. */
  readonly tokens: readonly string[] | null;
  /** Maximum size of a message in bytes; default 2 MiB. */
  readonly maxMessageBytes?: number;
  /** Receives the error of each call that failed with INTERNAL or UNKNOWN, with its cause. */
  readonly onFault: FaultListener;
  /** Wraps every call of the added services. Default: calls the handler directly. */
  readonly around?: CallRunner;
}

const runDirectly: CallRunner = (_method, _context, run) => run();

/** A gRPC server, with health (`grpc.health.v1`) and reflection. */
export interface RpcServer {
  /** Adds a service. All services must be added before `listen`. */
  add<S extends DescService>(service: S, handlers: ServiceHandlers<S>): void;
  /**
   * Sets the status of the server and all its services in `grpc.health.v1`. It is NOT_SERVING at first.
   */
  setServing(serving: boolean): void;
  /**
   * Starts the server.
   *
   * @param address such as `127.0.0.1:50051`; port 0 selects a free port
   * @returns the port
   */
  listen(address: string): Promise<number>;
  /** Accepts no more calls, waits up to `graceMs` milliseconds for the running calls, and cancels the rest. */
  close(graceMs: number): Promise<void>;
}

/** Creates a gRPC server for services with protobuf-es descriptors. */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  // grpc-js also writes to stderr what it reports as errors, such as a port that is taken.
  if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);
  const { tokens, maxMessageBytes = MAX_MESSAGE_BYTES, onFault, around = runDirectly } = options;
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': 100,
    // Detects a disconnected caller, which would otherwise keep the compute slot.
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
      register(ServerReflection, createReflection(services), { onFault, around: runDirectly });
      return new Promise((resolve, reject) => {
        server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
          if (error) reject(new Error(`gRPC cannot listen on ${address}: ${error.message}`, { cause: error }));
          else resolve(port);
        });
      });
    },
    close: (graceMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.forceShutdown(), graceMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}
