import { createHash, timingSafeEqual } from 'node:crypto';
import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptor, StatusObject } from '@grpc/grpc-js';
import { ErrorReason } from '../gen/cinematica/v1/error_reason_pb.ts';
import { refuse } from './reasons.ts';

/** Health checks need no token, because the probes of Kubernetes send no headers. */
const PUBLIC_PATH = '/grpc.health.v1.Health/';

/**
 * Creates an interceptor that rejects calls without one of the tokens (`authorization: Bearer …`), except for health checks.
 * Several tokens allow a rotation: both the old and the new one are valid for a while.
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
            if (path.startsWith(PUBLIC_PATH) || allowed(metadata)) pass(metadata);
            else call.sendStatus(unauthenticated());
          },
        });
      },
    });
}

function unauthenticated(): StatusObject {
  const message = 'This service requires a valid token in the header “authorization: Bearer …”.';
  return refuse(status.UNAUTHENTICATED, ErrorReason.NOT_AUTHENTICATED, message).toStatus();
}

const digest = (token: string) => createHash('sha256').update(token).digest();
