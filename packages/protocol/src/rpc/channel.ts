import { Client, credentials, status } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { RpcError } from './rpc-error.ts';

/** How a channel is set up. */
export interface ChannelOptions {
  /** Sent with every call as `authorization: Bearer …`. */
  readonly token?: string;
  /** The most that a message may take, in bytes; 2 MiB unless told. */
  readonly maxMessageBytes?: number;
}

/** A connection to a server, made when it is first needed and again when it broke. Several clients can share one. */
export interface Channel extends Disposable {
  readonly grpc: Client;
  readonly token: string | null;
  /**
   * Waits until it is connected.
   *
   * @throws RpcError where it is not within this time
   */
  ready(timeoutMs: number): Promise<void>;
  /** Closes it; its calls fail. */
  close(): void;
}

/** Opens a channel in clear text, as it is used inside a cluster: `127.0.0.1:50051`, `dns:///denoiser:50051`. */
export function openChannel(address: string, options: ChannelOptions = {}): Channel {
  const { token, maxMessageBytes = MAX_MESSAGE_BYTES } = options;
  const grpc = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Stages are never behind a proxy, but the environment may name one.
    'grpc.enable_http_proxy': 0,
  });
  const close = () => grpc.close();
  return {
    grpc,
    token: token ?? null,
    ready: (timeoutMs) =>
      new Promise((resolve, reject) => {
        grpc.waitForReady(Date.now() + timeoutMs, (error) => {
          if (error) reject(unreachable(address, error));
          else resolve();
        });
      }),
    close,
    [Symbol.dispose]: close,
  };
}

const unreachable = (address: string, cause: Error) =>
  new RpcError(`There is no connection to ${address}.`, status.UNAVAILABLE, [], { cause });
