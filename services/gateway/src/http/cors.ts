import { cors } from '@connectrpc/connect';
import { writeHead } from './http-handler.ts';
import type { Request, Response } from './http-handler.ts';
import { sendText } from './responses.ts';

/** How long browsers may remember the answer to a preflight request. Seconds; Chromium uses 7200 at most. */
const PREFLIGHT_SECONDS = '7200';

/** Besides those of the protocols: keys, parts of files, and the context of traces. */
const ALLOWED_HEADERS = [
  'authorization',
  'x-api-key',
  'range',
  'if-range',
  'if-none-match',
  'idempotency-key',
  'traceparent',
  'tracestate',
  // OpenAI's clients send these, and headers that describe the client.
  'user-agent',
  'openai-organization',
  'openai-project',
];
/** The headers by which OpenAI's clients describe themselves. New versions of them have further ones. */
const CLIENT_HEADER = /^x-stainless-[a-z-]+$/;
const EXPOSED_HEADERS = [
  'retry-after',
  'content-length',
  'content-range',
  'accept-ranges',
  'etag',
  'x-request-id',
  // OpenAI's clients read these.
  'retry-after-ms',
  'x-should-retry',
  'openai-poll-after-ms',
];

/** Lets web pages of other origins call the gateway (https://fetch.spec.whatwg.org/#http-cors-protocol). */
export interface Cors {
  /** Adds the headers of CORS to the response. @returns true for a preflight request, which has then been answered. */
  handle(request: Request, response: Response): boolean;
}

/**
 * @param origins the origins whose pages may call, such as `https://shop.example`; `*` for all. Pages of other origins cannot
 *   send cookies, so they need an API key.
 */
export function createCors(origins: readonly string[]): Cors {
  const allows = (origin: string) => origins.includes(origin) || origins.includes('*');
  return {
    handle(request, response) {
      if (origins.length === 0) return false;
      const {
        origin,
        'access-control-request-method': asked,
        'access-control-request-headers': wanted,
      } = request.headers;
      response.setHeader('vary', 'origin');
      const isPreflight = request.method === 'OPTIONS' && typeof asked === 'string' && typeof origin === 'string';
      if (typeof origin === 'string' && allows(origin)) {
        response.setHeader('access-control-allow-origin', origin);
        response.setHeader('access-control-expose-headers', [...cors.exposedHeaders, ...EXPOSED_HEADERS].join(', '));
        if (!isPreflight) return false;
        writeHead(response, 204, {
          'access-control-allow-methods': ['HEAD', 'DELETE', ...cors.allowedMethods].join(', '),
          'access-control-allow-headers': allowedHeaders(wanted).join(', '),
          'access-control-max-age': PREFLIGHT_SECONDS,
        }).end();
        return true;
      }
      if (isPreflight) sendText(response, 403, 'pages of this origin may not call: see ALLOWED_ORIGINS');
      return isPreflight;
    },
  };
}

/** @param wanted the header `access-control-request-headers`. */
function allowedHeaders(wanted = ''): string[] {
  const names = wanted
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  return [...cors.allowedHeaders, ...ALLOWED_HEADERS, ...names.filter((name) => CLIENT_HEADER.test(name))];
}
