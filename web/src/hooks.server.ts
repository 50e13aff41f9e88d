import type { Handle } from '@sveltejs/kit/hooks';
import { paraglideMiddleware } from '#lib/i18n/gen/server.js';

/** Denies every page what the app does not need, in case of an injection. */
const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(self), microphone=(), geolocation=(), payment=(), usb=()',
};

/** Renders in the user's language: the chosen one (a cookie), or the browser's, or Spanish. */
export const handle: Handle = ({ event, resolve }) =>
  paraglideMiddleware(event.request, async ({ locale }) => {
    const response = await resolve(event, {
      transformPageChunk: ({ html }) => html.replace('%lang%', locale),
    });
    for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
    if (response.headers.get('content-type')?.startsWith('text/html') === true) {
      response.headers.set('vary', 'accept-language, cookie');
      if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'private, no-cache');
    }
    return response;
  });
