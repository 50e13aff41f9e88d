import { refuseUntil } from '@cinematica/protocol';
import { ErrorReason, ProvenanceService, PushService, VideoService } from '@cinematica/protocol/v1';
import type { HandlerContext } from '@connectrpc/connect';
import { admitCaller, applyRateLimit, clientOf } from '../callers/admit-caller.ts';
import type { AdmitOptions } from '../callers/admit-caller.ts';
import { clientAddress } from '../callers/client-address.ts';
import type { RateLimit } from '../callers/rate-limit.ts';
import { attributeParseErrors } from './attribute-parse-errors.ts';
import { callerKey, connectionKey, budgetClientKey } from './context.ts';
import { toConnectError } from './errors.ts';

/** Options of the gate. Every option is required. */
export interface GateOptions extends AdmitOptions {
  /** Counts files that are checked by client address. */
  readonly verifyLimit: RateLimit;
}

/** Decides whether calls are served. Connect calls these functions before it reads the body of a request. */
export interface Gate {
  /** Identifies the caller of a method and applies the rate limits. @throws ConnectError */
  readonly admit: (context: HandlerContext) => void;
  /** Applies the rate limit of the client address to a call of an unknown method. @throws ConnectError */
  readonly admitUnknown: (context: HandlerContext) => void;
}

export function createGate(options: GateOptions): Gate {
  const { limit, verifyLimit } = options;

  function addressOf({ requestHeader, values }: HandlerContext): string {
    const { peer } = values.get(connectionKey);
    return clientAddress(peer, requestHeader.get('x-forwarded-for'), options.trustedProxies);
  }

  function admit(context: HandlerContext): void {
    const { requestHeader, responseHeader, values } = context;
    const address = addressOf(context);
    // nginx, and proxies like it, would hold back the messages of a stream until they fill a buffer.
    if (context.method.methodKind !== 'unary') responseHeader.set('x-accel-buffering', 'no');
    // Checking a file is expensive, so that an address may do it less often than anything else.
    if (context.service === ProvenanceService) {
      values.set(budgetClientKey, address);
      const retry = verifyLimit.take(address);
      if (retry > 0)
        throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, 'Too many files: wait before the next one.', retry);
      return;
    }
    // These need no caller: health and reflection reveal nothing private, and the link of a shared video is the permission.
    const hasCaller = context.service === VideoService || context.service === PushService;
    if (!hasCaller || context.method === VideoService.method.getSharedVideo) {
      values.set(budgetClientKey, address);
      const client = context.service === VideoService ? address : `${context.service.typeName} ${address}`;
      applyRateLimit(limit, client);
      return;
    }
    const caller = admitCaller(requestHeader, values.get(connectionKey).peer, options);
    values.set(callerKey, caller);
    values.set(budgetClientKey, clientOf(caller));
    if (caller.setCookie !== null) responseHeader.append('set-cookie', caller.setCookie);
  }

  return {
    admit(context) {
      attributeParseErrors(context);
      refusing(() => admit(context));
    },
    admitUnknown: (context) => refusing(() => applyRateLimit(limit, `unknown ${addressOf(context)}`)),
  };
}

function refusing(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw toConnectError(error);
  }
}
