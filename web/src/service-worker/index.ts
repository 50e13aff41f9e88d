/**
 * Lets the app open fast and say so when there is no connection. It keeps the app's own files, and nothing else: never a
 * video, a photo or an answer of the API, which all belong to someone and grow old.
 */
import { version } from '$app/env';
import { assets, immutable } from '$app/manifest';
import { self } from '$app/service-worker';
import { takeShare } from './take-share.ts';

const SHELL = `shell ${version}`;
const OFFLINE = '/offline';

// The samples are as large as the app, and few look at them twice: the browser's own cache is enough.
const files = new Set(
  [...immutable, ...assets]
    .map(({ path }) => `/${path.replace(/^\//, '')}`)
    .filter((path) => !path.startsWith('/samples/')),
);

self.addEventListener('install', (event) => {
  const keep = async (): Promise<void> => {
    const cache = await caches.open(SHELL);
    await cache.addAll([...files, OFFLINE]);
  };
  event.waitUntil(keep());
});

self.addEventListener('activate', (event) => {
  const clean = async (): Promise<void> => {
    for (const name of await caches.keys()) {
      if (name.startsWith('shell ') && name !== SHELL) await caches.delete(name);
    }
    // Pages come from the network, which need not wait for this program to start.
    await self.registration.navigationPreload.enable();
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener('message', ({ data }) => {
  // The user wants the new version now; without that, it waits until no page of the old one is open.
  if (data === 'activate') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === 'POST' && url.pathname === '/share-target') event.respondWith(takeShare(request));
  else if (request.method !== 'GET') return;
  else if (request.mode === 'navigate') event.respondWith(page(event));
  else if (files.has(url.pathname)) event.respondWith(file(request));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { url } = event.notification.data as { readonly url: string };
  const show = async (): Promise<void> => {
    const windows = await self.clients.matchAll({ type: 'window' });
    const there = windows.find((client) => new URL(client.url).pathname === url);
    await (there ? there.focus() : self.clients.openWindow(url));
  };
  event.waitUntil(show());
});

async function page(event: FetchEvent): Promise<Response> {
  try {
    return ((await event.preloadResponse) as Response | undefined) ?? (await fetch(event.request));
  } catch (error) {
    const offline = await caches.match(OFFLINE);
    if (offline) return offline;
    throw error;
  }
}

async function file(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}
