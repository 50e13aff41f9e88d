import { VideoService } from '@cinematica/protocol/v1';
import type { HandlerContext } from '@connectrpc/connect';
import { admitCaller, applyRateLimit, clientOf } from '../callers/admit-caller.ts';
import type { AdmitOptions } from '../callers/admit-caller.ts';
import { clientAddress } from '../callers/client-address.ts';
import { attributeParseErrors } from './attribute-parse-errors.ts';
import { callerKey, connectionKey, budgetClientKey } from './context.ts';
import { toConnectError } from './errors.ts';

/**
 * Creates a function that Connect calls before it reads the body of a request. It identifies the caller and applies the
 * rate limits.
 */
export function createGate(options: AdmitOptions): (context: HandlerContext) => void {
  function admit(context: HandlerContext): void {
    const { requestHeader, responseHeader, values } = context;
    const { peer } = values.get(connectionKey);
    const address = clientAddress(peer, requestHeader.get('x-forwarded-for'), options.trustedProxies);
    // These need no caller: health and reflection reveal nothing private, and the link of a shared video is the permission.
    if (context.service !== VideoService || context.method === VideoService.method.getSharedVideo) {
      values.set(budgetClientKey, address);
      const client = context.service === VideoService ? address : `${context.service.typeName} ${address}`;
      applyRateLimit(options.limit, client);
      return;
    }
    const caller = admitCaller(requestHeader, peer, options);
    values.set(callerKey, caller);
    values.set(budgetClientKey, clientOf(caller));
    if (caller.setCookie !== null) responseHeader.append('set-cookie', caller.setCookie);
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
