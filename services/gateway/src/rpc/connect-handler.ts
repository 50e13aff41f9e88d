import type { DescMethod } from '@bufbuild/protobuf';
import { createConnectRouter } from '@connectrpc/connect';
import type { ConnectRouter, ConnectRouterOptions, ContextValues } from '@connectrpc/connect';
import type { UniversalHandler, UniversalServerRequest } from '@connectrpc/connect/protocol';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { constants } from 'node:http2';
import type { HttpHandler, Request, Response } from '../http/http-handler.ts';
import { explainStatus } from './explain-status.ts';

/** Options of the handler, besides those of Connect's router. Every option is required. */
export interface ConnectHandlerOptions extends ConnectRouterOptions {
  /** Adds the services to the router. */
  readonly routes: (router: ConnectRouter) => void;
  /** The context values of a call, which the gate and the handlers can read. */
  readonly contextValues: (request: Request) => ContextValues;
  /** Receives the body of a call within limits, before it is decompressed and parsed. */
  readonly receive: (call: UniversalServerRequest, method: DescMethod) => AsyncIterable<Uint8Array>;
  /** Finds the handler of a call of an unknown method; null when the request is not a call. */
  readonly unknownMethod: (request: Request) => UniversalHandler | null;
  /** Answers requests that are not calls. */
  readonly fallback: HttpHandler;
  /** Called when a response could not be written. The connection or stream is closed afterwards. */
  readonly onResponseError: (method: DescMethod, error: unknown) => void;
}

/**
 * Serves Connect, gRPC-Web and gRPC. It differs from connect-node's `connectNodeAdapter` in two ways: bodies go through
 * `receive` before they are parsed, and a call whose response cannot be written is ended instead of left open.
 */
export function createConnectHandler(options: ConnectHandlerOptions): HttpHandler {
  const { routes, contextValues, receive, unknownMethod, fallback, onResponseError, ...routerOptions } = options;
  const router = createConnectRouter(routerOptions);
  routes(router);
  // The last route of a method wins.
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return (request, response) => {
    const handler = handlers.get(request.url?.split('?', 1)[0] ?? '') ?? unknownMethod(request);
    if (!handler) {
      fallback(request, response);
      return;
    }
    const call = universalRequestFromNodeRequest(request, response, undefined, contextValues(request));
    handler({ ...call, body: receive(call, handler.method) })
      .then((answer) => universalResponseToNodeResponse(explainStatus(answer, call.method), response))
      .catch((error: unknown) => {
        // The caller has disconnected.
        if (response.destroyed || call.signal.aborted) return;
        onResponseError(handler.method, error);
        close(response);
      });
  };
}

function close(response: Response): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}
