import { ConnectError } from '@connectrpc/connect';
import type { HandlerContext } from '@connectrpc/connect';
import { toConnectError } from './errors.ts';

/**
 * Reports a request that cannot be parsed as INVALID_ARGUMENT. Connect reports it as INTERNAL, and answers before any
 * interceptor runs. But in every protocol it first aborts the call's signal with the error, and serializes the error
 * afterwards, so the error can be changed in between.
 */
export function attributeParseErrors({ signal }: HandlerContext): void {
  const abort = () => {
    const reason: unknown = signal.reason;
    if (!(reason instanceof ConnectError)) return;
    const { code, details, rawMessage } = toConnectError(reason);
    Object.assign(reason, { code, details, rawMessage });
  };
  signal.addEventListener('abort', abort, { once: true });
}
