import { refuseUntil } from '@cinematica/protocol';
import { ErrorReason, VideoService } from '@cinematica/protocol/v1';
import type { HandlerContext } from '@connectrpc/connect';
import { authenticate } from '../callers/authenticate.ts';
import type { AuthenticateOptions } from '../callers/authenticate.ts';
import { clientAddress } from '../callers/client-address.ts';
import type { RateLimit } from '../callers/rate-limit.ts';
import type { ByteBudget } from '../http/byte-budget.ts';
import { blameCaller } from './blame-caller.ts';
import { callerKey, connectionKey } from './context.ts';
import { toConnectError } from './errors.ts';
import { MAX_REQUEST_BYTES } from './limits.ts';

export interface GateOptions extends AuthenticateOptions {
  readonly limit: RateLimit;
  readonly uploads: ByteBudget;
}

/**
 * Passed by each call before anything of its body is read: tells who calls, holds everyone to their rate, and lets in no
 * more uploads than there is memory for.
 */
export function createGate(options: GateOptions): (context: HandlerContext) => Promise<void> {
  const { limit, uploads } = options;

  function keepRate(caller: string): void {
    const retry = limit.take(caller);
    if (retry > 0) throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, 'Too many requests: slow down.', retry);
  }

  async function pass(context: HandlerContext): Promise<void> {
    const { requestHeader, responseHeader, values, signal } = context;
    const { peer } = values.get(connectionKey);
    if (context.method === VideoService.method.getSharedVideo) {
      // The link is the permission: who it is that has it is nobody's business.
      keepRate(clientAddress(peer, requestHeader.get('x-forwarded-for'), options.trustedProxies));
      return;
    }
    const caller = authenticate(requestHeader, peer, options);
    values.set(callerKey, caller);
    if (caller.setCookie !== null) responseHeader.append('set-cookie', caller.setCookie);
    keepRate(caller.address ?? caller.owner);
    if (context.method !== VideoService.method.createVideo) return;

    const length = Number(requestHeader.get('content-length') ?? Number.NaN);
    const release = await uploads.take(length >= 0 ? Math.min(length, MAX_REQUEST_BYTES) : MAX_REQUEST_BYTES, signal);
    if (!release) {
      const message = 'Too many photos are coming in: try again soon.';
      throw refuseUntil(ErrorReason.SYSTEM_BUSY, message, 5_000);
    }
    // It is aborted at the end of every call, however that ends.
    if (signal.aborted) release();
    else signal.addEventListener('abort', release, { once: true });
  }

  return async (context) => {
    blameCaller(context);
    // Health and reflection are open: they tell nothing of anyone.
    if (context.service !== VideoService) return;
    try {
      await pass(context);
    } catch (error) {
      throw toConnectError(error);
    }
  };
}
