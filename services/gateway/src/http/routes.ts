import type { Log } from '@cinematica/pipeline';
import type { RateLimit } from '../callers/rate-limit.ts';
import { clientAddress } from '../callers/client-address.ts';
import type { Cors } from './cors.ts';
import { sendText, requestUrl } from './responses.ts';
import type { HttpHandler, Request } from './http-handler.ts';

/** The handlers of the public port. Every part is required. */
export interface Routes {
  /** Creates the handler of RPCs. Requests that are not RPCs go to `fallback`. */
  readonly rpc: (fallback: HttpHandler) => HttpHandler;
  /** Serves `/v1/…`, and limits the requests of each caller itself. */
  readonly openai: HttpHandler;
  /** Serves `/openapi.json`. */
  readonly openapi: HttpHandler;
  /** Serves `/media/…`. */
  readonly media: HttpHandler;
  /** Serves all other paths. */
  readonly site: HttpHandler;
  /** Whether calls can be served now. Decides between 200 and 503 for `/readyz`. */
  readonly ready: () => boolean;
  /** Counts requests for pages, media and probes by client address. */
  readonly limit: RateLimit;
  /** How many entries of `x-forwarded-for`, from the end, were written by our own proxies. */
  readonly trustedProxies: number;
  /** Answers web pages of other origins. */
  readonly cors: Cors;
  /** Errors of handlers are logged here. */
  readonly log: Log;
}

/** Creates the handler that selects a handler by path. An error of a handler is answered with 400 and logged. */
export function createRoutes(routes: Routes): HttpHandler {
  const { rpc, openai, openapi, media, site, ready, limit, trustedProxies, cors, log } = routes;
  const addressOf = ({ headers, socket }: Request) => {
    const forwarded = headers['x-forwarded-for'];
    const list = Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? null);
    return clientAddress(socket.remoteAddress ?? '', list, trustedProxies);
  };
  const limited =
    (kind: string, handler: HttpHandler): HttpHandler =>
    (request, response) => {
      const retry = limit.take(`${kind} ${addressOf(request)}`);
      if (retry === 0) {
        handler(request, response);
        return;
      }
      sendText(response, 429, 'too many requests: slow down', { 'retry-after': String(Math.ceil(retry / 1000)) });
    };
  const limitedMedia = limited('pages', media);
  const limitedOpenApi = limited('pages', openapi);
  const limitedSite = limited('pages', site);
  const limitedProbes = limited('probes', (request, response) => {
    const ok = request.url?.startsWith('/livez') === true || ready();
    sendText(response, ok ? 200 : 503, ok ? 'ok' : 'not ready');
  });

  const pages: HttpHandler = (request, response) => {
    const path = requestUrl(request)?.pathname ?? '';
    if (path === '/livez' || path === '/readyz') {
      limitedProbes(request, response);
      return;
    }
    if (path === '/v1' || path.startsWith('/v1/')) {
      openai(request, response);
      return;
    }
    if (path === '/openapi.json') {
      limitedOpenApi(request, response);
      return;
    }
    if (path.startsWith('/media/')) {
      limitedMedia(request, response);
      return;
    }
    // A page loads dozens of the app's static files, which are cheap to serve.
    (path.startsWith('/_app/') ? site : limitedSite)(request, response);
  };

  const all = rpc(pages);
  return (request, response) => {
    try {
      // The handlers build URLs from the host, so it must be valid.
      const host = request.headers[':authority'] ?? request.headers.host;
      if (typeof host !== 'string' || !URL.canParse(`http://${host}/`)) {
        sendText(response, 400, 'bad request');
        return;
      }
      if (!cors.handle(request, response)) all(request, response);
    } catch (error) {
      log.warn('request rejected', { reason: error instanceof Error ? error.name : typeof error });
      sendText(response, 400, 'bad request');
    }
  };
}
