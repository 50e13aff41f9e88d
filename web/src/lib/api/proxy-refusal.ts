import { ERROR_DOMAIN, ErrorInfoSchema } from '@cinematica/protocol/error-details';
import type { ErrorReason } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';

/** Refusals of a proxy before the gateway, which has stricter limits than the gateway and knows nothing of its errors. */
const REFUSALS: Readonly<Record<number, readonly [keyof typeof ErrorReason, Code]>> = {
  413: ['IMAGE_TOO_LARGE', Code.InvalidArgument],
  429: ['TOO_MANY_REQUESTS', Code.ResourceExhausted],
};

/**
 * Calls `fetch`, and turns the refusals of a proxy into the gateway's errors, so that the user learns what to do.
 *
 * @throws ConnectError with a reason, for such a refusal; otherwise as `fetch`
 */
export const fetchThroughProxy: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const refusal = REFUSALS[response.status];
  // The gateway's own errors have a body in one of Connect's formats.
  if (!refusal || /^application\/(connect\+)?(json|proto)/.test(response.headers.get('content-type') ?? ''))
    return response;
  const [reason, code] = refusal;
  throw new ConnectError(`the proxy answered with status ${response.status}`, code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: ERROR_DOMAIN } },
  ]);
};
