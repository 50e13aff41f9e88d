import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason, VideoService } from '@cinematica/protocol/v1';
import { createConnectRouter } from '@connectrpc/connect';
import type { HandlerContext } from '@connectrpc/connect';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import type { Request } from '../http/http-handler.ts';
import { requestUrl } from '../http/responses.ts';
import { toConnectError } from './errors.ts';

/** The path of a call: the full name of a service, which has a package, and a method. */
const CALL_PATH = /^\/(?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*\/[A-Za-z_]\w*$/;
/** The content types of gRPC, gRPC-Web and of Connect's streams, which no other protocol has. */
const CALL_TYPE = /^application\/(?:grpc|connect)\b/;
/** The content types of Connect's unary calls. */
const UNARY_TYPE = /^application\/(?:json|proto)\b/;
const STREAM_TYPE = /^application\/connect\b/;

/**
 * Answers calls of unknown services and methods with UNIMPLEMENTED in the protocol of the call, so that clients can detect
 * what a system supports. Without this, they would get an HTTP status that each protocol reads in another way.
 * @param admit applies the limits of calls, and throws what exceeds one.
 * @returns a function that finds the handler of a request; null when the request is not a call.
 */
export function createUnknownMethods(
  admit: (context: HandlerContext) => void,
): (request: Request) => UniversalHandler | null {
  const router = createConnectRouter({
    requestGate(context) {
      admit(context);
      const path = URL.parse(context.url)?.pathname ?? '';
      const message = `There is no method ${path.slice(1, 200)}: reflection and docs/api.md list the methods.`;
      throw toConnectError(refuse(Code.UNIMPLEMENTED, ErrorReason.METHOD_UNKNOWN, message));
    },
  });
  // The gate refuses every call, so it does not matter which methods these are, only that one streams and one does not.
  router.service(VideoService, {});
  const handlerOf = (name: string) => router.handlers.find(({ method }) => method.name === name) ?? null;
  const unary = handlerOf(VideoService.method.getCapabilities.name);
  const streaming = handlerOf(VideoService.method.watchVideo.name);

  return (request) => {
    const type = request.headers['content-type'] ?? '';
    const url = requestUrl(request);
    const isGet = request.method === 'GET' && url?.searchParams.get('connect') === 'v1';
    const isPost = request.method === 'POST' && (UNARY_TYPE.test(type) || CALL_TYPE.test(type));
    if (isPost && CALL_TYPE.test(type)) return STREAM_TYPE.test(type) ? streaming : unary;
    return (isGet || isPost) && CALL_PATH.test(url?.pathname ?? '') ? unary : null;
  };
}
