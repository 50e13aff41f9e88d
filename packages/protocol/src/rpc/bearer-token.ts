import { createHash, timingSafeEqual } from 'node:crypto';
import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptor, StatusObject } from '@grpc/grpc-js';
import { ErrorReason } from '../gen/cinematica/v1/error_reason_pb.ts';
import { refuse } from './reasons.ts';

/** Kubernetes' probes send no headers. */
const OPEN = '/grpc.health.v1.Health/';

/**
 * Refuses every call without one of the tokens (`authorization: Bearer …`), but for health checks. There may be several,
 * so that a token can be replaced while both are in use.
 */
export function requireBearerToken(tokens: readonly string[]): ServerInterceptor {
  const known = tokens.map(digest);
  const allowed = (metadata: Metadata) => {
    const [header] = metadata.get('authorization');
    const token = typeof header === 'string' ? /^Bearer +(\S+)$/i.exec(header)?.[1] : undefined;
    if (token === undefined) return false;
    const given = digest(token);
    return known.some((one) => timingSafeEqual(one, given));
  };
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            if (path.startsWith(OPEN) || allowed(metadata)) pass(metadata);
            else call.sendStatus(refusal());
          },
        });
      },
    });
}

function refusal(): StatusObject {
  const message = 'This service asks for a valid token in the header “authorization: Bearer …”.';
  return refuse(status.UNAUTHENTICATED, ErrorReason.NOT_AUTHENTICATED, message).toStatus();
}

const digest = (token: string) => createHash('sha256').update(token).digest();
