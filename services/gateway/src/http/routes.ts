import type { Log } from '@cinematica/pipeline';
import type { RateLimit } from '../callers/rate-limit.ts';
import { clientAddress } from '../callers/client-address.ts';
import { answerText, urlOf } from './answers.ts';
import type { HttpHandler, Request } from './http-handler.ts';

export interface Routes {
  /** Tries the RPCs, and has `others` answer what is none. */
  readonly rpc: (others: HttpHandler) => HttpHandler;
  readonly media: HttpHandler;
  readonly site: HttpHandler;
  /** Whether calls can be served. */
  readonly ready: () => boolean;
  readonly limit: RateLimit;
  readonly trustedProxies: number;
  readonly log: Log;
}

/** What answers which path. Nothing that a request says may bring the process down. */
export function route({ rpc, media, site, ready, limit, trustedProxies, log }: Routes): HttpHandler {
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
      answerText(response, 429, 'too many requests: slow down', { 'retry-after': String(Math.ceil(retry / 1000)) });
    };
  const limitedMedia = limited('pages', media);
  const limitedSite = limited('pages', site);
  const limitedProbes = limited('probes', (request, response) => {
    const ok = request.url?.startsWith('/livez') === true || ready();
    answerText(response, ok ? 200 : 503, ok ? 'ok' : 'not ready');
  });

  const pages: HttpHandler = (request, response) => {
    const path = urlOf(request)?.pathname ?? '';
    if (path === '/livez' || path === '/readyz') {
      limitedProbes(request, response);
      return;
    }
    if (path.startsWith('/media/')) {
      limitedMedia(request, response);
      return;
    }
    // The app's own files come by the dozen, and cost nothing.
    (path.startsWith('/_app/') ? site : limitedSite)(request, response);
  };

  const all = rpc(pages);
  return (request, response) => {
    try {
      // Whom it was sent to goes into an address, and must make one.
      const host = request.headers[':authority'] ?? request.headers.host;
      if (typeof host !== 'string' || !URL.canParse(`http://${host}/`)) {
        answerText(response, 400, 'bad request');
        return;
      }
      all(request, response);
    } catch (error) {
      log.warn('a request could not be understood', { reason: error instanceof Error ? error.name : typeof error });
      answerText(response, 400, 'bad request');
    }
  };
}
