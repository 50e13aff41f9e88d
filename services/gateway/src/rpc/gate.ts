import { refuseUntil } from '@cinematica/protocol';
import { ErrorReason, VideoService } from '@cinematica/protocol/v1';
import type { HandlerContext } from '@connectrpc/connect';
import { authenticate } from '../callers/authenticate.ts';
import type { AuthenticateOptions } from '../callers/authenticate.ts';
import { clientAddress } from '../callers/client-address.ts';
import type { RateLimit } from '../callers/rate-limit.ts';
import { blameCaller } from './blame-caller.ts';
import { callerKey, connectionKey, holderKey } from './context.ts';
import { toConnectError } from './errors.ts';

export interface GateOptions extends AuthenticateOptions {
  readonly limit: RateLimit;
}

/** Passed by each call before anything of its body is read: identifies the caller and applies the rate limits. */
export function createGate(options: GateOptions): (context: HandlerContext) => void {
  const { limit } = options;

  function keepRate(caller: string): void {
    const retry = limit.take(caller);
    if (retry > 0) throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, 'Too many requests: slow down.', retry);
  }

  function pass(context: HandlerContext): void {
    const { requestHeader, responseHeader, values } = context;
    const { peer } = values.get(connectionKey);
    const address = clientAddress(peer, requestHeader.get('x-forwarded-for'), options.trustedProxies);
    // Health and reflection reveal nothing, and the link of a shared video is its permission: no caller is identified.
    if (context.service !== VideoService || context.method === VideoService.method.getSharedVideo) {
      values.set(holderKey, address);
      keepRate(context.service === VideoService ? address : `${context.service.typeName} ${address}`);
      return;
    }
    const caller = authenticate(requestHeader, peer, options);
    values.set(callerKey, caller);
    values.set(holderKey, caller.address ?? caller.owner);
    if (caller.setCookie !== null) responseHeader.append('set-cookie', caller.setCookie);
    keepRate(caller.address ?? caller.owner);
  }

  return (context) => {
    blameCaller(context);
    try {
      pass(context);
    } catch (error) {
      throw toConnectError(error);
    }
  };
}
