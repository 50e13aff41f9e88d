import type { DescMethod } from '@bufbuild/protobuf';
import { createConnectRouter } from '@connectrpc/connect';
import type { ConnectRouter, ConnectRouterOptions, ContextValues } from '@connectrpc/connect';
import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { constants } from 'node:http2';
import type { HttpHandler, Request, Response } from '../http/http-handler.ts';

export interface ConnectHandlerOptions extends ConnectRouterOptions {
  readonly routes: (router: ConnectRouter) => void;
  readonly contextValues: (request: Request) => ContextValues;
  /** Stands between the connection and the parser: receives the body of a call within limits. */
  readonly receive: (call: UniversalServerRequest, method: DescMethod) => AsyncIterable<Uint8Array>;
  /** Answers requests that are not calls. */
  readonly others: HttpHandler;
  /** A response could not be written, and its connection is closed. */
  readonly onUnanswered: (method: DescMethod, error: unknown) => void;
}

/**
 * Serves Connect, gRPC-Web and gRPC. It differs from connect-node's `connectNodeAdapter` in two ways: bodies pass
 * `receive` before they are parsed, and a call whose response fails is ended instead of left open.
 */
export function createConnectHandler(options: ConnectHandlerOptions): HttpHandler {
  const { routes, contextValues, receive, others, onUnanswered, ...routerOptions } = options;
  const router = createConnectRouter(routerOptions);
  routes(router);
  // A method that is routed twice is served by the later route.
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return (request, response) => {
    const handler = handlers.get(request.url?.split('?', 1)[0] ?? '');
    if (!handler) {
      others(request, response);
      return;
    }
    const call = universalRequestFromNodeRequest(request, response, undefined, contextValues(request));
    handler({ ...call, body: receive(call, handler.method) })
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((error: unknown) => {
        // The caller has gone.
        if (response.destroyed || call.signal.aborted) return;
        onUnanswered(handler.method, error);
        close(response);
      });
  };
}

function close(response: Response): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}
