import { ConnectError } from '@connectrpc/connect';
import type { HandlerContext } from '@connectrpc/connect';
import { toConnectError } from './errors.ts';

/**
 * Has bytes that are no request told to be the caller's fault. Connect's parser calls them a fault of the server's, and
 * answers before any interceptor; but whatever the protocol, it aborts the call's signal with its error first, and only
 * then writes down what the error says.
 */
export function blameCaller({ signal }: HandlerContext): void {
  const abort = () => {
    const reason: unknown = signal.reason;
    if (!(reason instanceof ConnectError)) return;
    const { code, details, rawMessage } = toConnectError(reason);
    Object.assign(reason, { code, details, rawMessage });
  };
  signal.addEventListener('abort', abort, { once: true });
}
