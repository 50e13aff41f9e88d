import { refuseUntil } from '@cinematica/protocol';
import { ErrorReason, PushService, VideoService } from '@cinematica/protocol/v1';
import type { HandlerContext } from '@connectrpc/connect';
import { authenticate } from '../callers/authenticate.ts';
import type { AuthenticateOptions } from '../callers/authenticate.ts';
import { clientAddress } from '../callers/client-address.ts';
import type { RateLimit } from '../callers/rate-limit.ts';
import { attributeParseErrors } from './attribute-parse-errors.ts';
import { callerKey, connectionKey, budgetClientKey } from './context.ts';
import { toConnectError } from './errors.ts';

/** Options of the gate. Every option is required. */
export interface GateOptions extends AuthenticateOptions {
  /** Counts calls by API key or client address. */
  readonly limit: RateLimit;
}

/**
 * Creates a function that Connect calls before it reads the body of a request. It identifies the caller and applies the
 * rate limits.
 */
export function createGate(options: GateOptions): (context: HandlerContext) => void {
  const { limit } = options;

  function applyRateLimit(caller: string): void {
    const retry = limit.take(caller);
    if (retry > 0) throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, 'Too many requests: slow down.', retry);
  }

  function admit(context: HandlerContext): void {
    const { requestHeader, responseHeader, values } = context;
    const { peer } = values.get(connectionKey);
    const address = clientAddress(peer, requestHeader.get('x-forwarded-for'), options.trustedProxies);
    // These need no caller: health and reflection reveal nothing private, and the link of a shared video is the permission.
    const hasCaller = context.service === VideoService || context.service === PushService;
    if (!hasCaller || context.method === VideoService.method.getSharedVideo) {
      values.set(budgetClientKey, address);
      applyRateLimit(context.service === VideoService ? address : `${context.service.typeName} ${address}`);
      return;
    }
    const caller = authenticate(requestHeader, peer, options);
    values.set(callerKey, caller);
    values.set(budgetClientKey, caller.address ?? caller.owner);
    if (caller.setCookie !== null) responseHeader.append('set-cookie', caller.setCookie);
    applyRateLimit(caller.address ?? caller.owner);
  }

  return (context) => {
    attributeParseErrors(context);
    try {
      admit(context);
    } catch (error) {
      throw toConnectError(error);
    }
  };
}
