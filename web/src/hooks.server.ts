import type { Handle } from '@sveltejs/kit/hooks';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { loadPictureFirst } from '#lib/create/picture-first.ts';
import { paraglideMiddleware } from '#lib/i18n/gen/server.js';
import { languageTag } from '#lib/i18n/index.ts';

/** Denies every page what the app does not need, in case of an injection. */
const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(self), microphone=(), geolocation=(), payment=(), usb=()',
};

/** Renders in the user's language: the chosen one (a cookie), or the browser's, or Spanish. */
export const handle: Handle = ({ event, resolve }) =>
  paraglideMiddleware(event.request, async ({ locale }) => {
    const isStart = event.url.pathname === '/';
    const response = await resolve(event, {
      transformPageChunk({ html }) {
        const page = html.replace('%lang%', languageTag(locale));
        return isStart ? loadPictureFirst(page) : page;
      },
      // On the start page the picture is displayed first. Its file input works before the scripts, which follow.
      preload: ({ type }) => type === 'css' || (type === 'js' && !isStart),
    });
    for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
    if (response.headers.get('content-type')?.startsWith('text/html') !== true) return response;
    response.headers.set('vary', 'accept-language, cookie, accept-encoding');
    if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'private, no-cache');
    return compress(response, event.request.headers.get('accept-encoding') ?? '');
  });

/** A level at which a page of some ten kilobytes takes about a millisecond. */
const BROTLI_LEVEL = 5;

/** Compresses a page, which on a slow network is half of the time until something is displayed. */
async function compress(response: Response, accepted: string): Promise<Response> {
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
  if (encoding === undefined || response.body === null) return response;
  const page = new Uint8Array(await response.arrayBuffer());
  const body =
    encoding === 'br'
      ? brotliCompressSync(page, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_LEVEL } })
      : gzipSync(page);
  const headers = new Headers(response.headers);
  headers.set('content-encoding', encoding);
  headers.set('content-length', String(body.length));
  return new Response(body, { status: response.status, statusText: response.statusText, headers });
}
