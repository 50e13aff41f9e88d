import { createHash } from 'node:crypto';
import { writeHead } from '../http/http-handler.ts';
import type { HttpHandler } from '../http/http-handler.ts';
import { allowsMethod } from '../http/responses.ts';
import { openApiDocument } from './openapi-document.ts';

/** Serves `/openapi.json`, which everyone may read, also a page of another origin. */
export function serveOpenApi(): HttpHandler {
  const body = Buffer.from(JSON.stringify(openApiDocument(), null, 2));
  const headers = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'cache-control': 'public, max-age=300',
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 32)}"`,
  };
  return (request, response) => {
    if (!allowsMethod(request, response)) return;
    if (request.headers['if-none-match'] === headers.etag) writeHead(response, 304, { etag: headers.etag }).end();
    else writeHead(response, 200, headers).end(body);
  };
}
