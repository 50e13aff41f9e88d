import { ConnectError } from '@connectrpc/connect';
import type { HandlerContext } from '@connectrpc/connect';
import { toConnectError } from './errors.ts';

/**
 * Replaces the errors of Connect itself, such as those of a request that is too large or cannot be parsed, by errors of this
 * API. Connect answers before any interceptor runs. But in every protocol it first aborts the call's signal with the error,
 * and serializes the error afterwards, so the error can be changed in between.
 */
export function attributeParseErrors({ signal, method }: HandlerContext): void {
  const abort = () => {
    const reason: unknown = signal.reason;
    if (!(reason instanceof ConnectError)) return;
    const { code, details, rawMessage } = toConnectError(reason, method.input);
    Object.assign(reason, { code, details, rawMessage });
  };
  signal.addEventListener('abort', abort, { once: true });
}
