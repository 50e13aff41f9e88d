import { allowsMethod, sendNotFound, requestUrl } from './responses.ts';
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
<p>This is the API, <code>cinematica.v1.VideoService</code>, over Connect, gRPC-Web and gRPC on this port:
<pre>curl --json '{}' ADDRESS/cinematica.v1.VideoService/GetCapabilities
grpcurl -plaintext ADDRESS list</pre>
<p>Clients of OpenAI’s Videos API can use <code>ADDRESS/v1</code>; <a href="/openapi.json">openapi.json</a> describes it.
</html>
`;

/** Serves a page that explains how to call the API, when the web app is not configured. */
export function serveSite(): HttpHandler {
  return (request, response) => {
    if (!allowsMethod(request, response)) return;
    const url = requestUrl(request);
    if (url?.pathname !== '/') {
      sendNotFound(response);
      return;
    }
    const host = request.headers.host ?? request.headers[':authority'];
    // The header comes from the client, so only characters of an address may get into the page.
    const address = typeof host === 'string' && /^[\w.:[\]-]{1,255}$/.test(host) ? host : 'ADDRESS';
    sendPage(response, PAGE.replaceAll('ADDRESS', address));
  };
}

function sendPage(response: Parameters<HttpHandler>[1], html: string): void {
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
