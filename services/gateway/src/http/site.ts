import { methodIsRead, notFound, urlOf } from './answers.ts';
import { writeHead } from './http-handler.ts';
import type { HttpHandler } from './http-handler.ts';

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cinemática</title>
<style>body { font: 1rem/1.6 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>Cinemática</h1>
<p><em>Una vida en una imagen</em>: a still photo becomes a short video.
<p>This is the API, <code>cinematica.v1.VideoService</code>, by Connect, gRPC-Web and gRPC on this port:
<pre>curl --json '{}' ADDRESS/cinematica.v1.VideoService/GetCapabilities
grpcurl -plaintext ADDRESS list</pre>
</html>
`;

/** What is there in place of the web app where this gateway does not serve it: how to call the API. */
export function serveSite(): HttpHandler {
  return (request, response) => {
    if (!methodIsRead(request, response)) return;
    const url = urlOf(request);
    if (url?.pathname !== '/') {
      notFound(response);
      return;
    }
    const host = request.headers.host ?? request.headers[':authority'];
    // What a client says of itself does not get into a page unless it can only be an address.
    const address = typeof host === 'string' && /^[\w.:[\]-]{1,255}$/.test(host) ? host : 'ADDRESS';
    answerPage(response, PAGE.replaceAll('ADDRESS', address));
  };
}

function answerPage(response: Parameters<HttpHandler>[1], html: string): void {
  writeHead(response, 200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': String(Buffer.byteLength(html)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  });
  response.end(html);
}
