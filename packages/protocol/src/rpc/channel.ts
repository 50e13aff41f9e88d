import { Client, credentials, status } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { RpcError } from './rpc-error.ts';

/** Options of a channel. */
export interface ChannelOptions {
  /** Token that is sent with every call as `authorization: Bearer …`. Default none. */
  readonly token?: string;
  /** Maximum size of a message in bytes; default 2 MiB. */
  readonly maxMessageBytes?: number;
}

/** A connection to a server. It connects on the first call, and reconnects automatically. Several clients can share it. */
export interface Channel extends Disposable {
  readonly grpc: Client;
  readonly token: string | null;
  /**
   * Waits until the channel is connected.
   *
   * @throws RpcError UNAVAILABLE when it is not connected within this time
   */
  ready(timeoutMs: number): Promise<void>;
  /** Closes the channel. Its calls fail. */
  close(): void;
}

/**
 * Opens a channel without TLS, for use inside a cluster.
 * @param address such as `127.0.0.1:50051` or `dns:///denoiser:50051`
 */
export function openChannel(address: string, options: ChannelOptions = {}): Channel {
  const { token, maxMessageBytes = MAX_MESSAGE_BYTES } = options;
  const grpc = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Ignore the proxy settings of the environment: the stages are inside the cluster.
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
