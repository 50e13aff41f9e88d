/**
 * Makes the app open fast, and shows the offline page without a connection. It caches only the app's own files: never videos,
 * photos or API answers, which are private and get out of date.
 */
import { version } from '$app/env';
import { assets, immutable } from '$app/manifest';
import { self } from '$app/service-worker';
import { receiveSharedPhoto } from './receive-shared-photo.ts';
import { showPush } from './show-push.ts';

const CACHE_PREFIX = 'shell ';
const CACHE = `${CACHE_PREFIX}${version}`;
const OFFLINE = '/offline';

// The sample photos and videos are larger than the app: the browser's own cache is enough for them.
const files = new Set(
  [...immutable, ...assets]
    .map(({ path }) => `/${path.replace(/^\//, '')}`)
    .filter((path) => !/\.(?:avif|jpg|mp4|webp)$/.test(path)),
);

self.addEventListener('install', (event) => {
  const install = async (): Promise<void> => {
    const cache = await caches.open(CACHE);
    await cache.addAll([...files, OFFLINE]);
  };
  event.waitUntil(install());
});

self.addEventListener('activate', (event) => {
  const activate = async (): Promise<void> => {
    for (const name of await caches.keys()) {
      if (name.startsWith(CACHE_PREFIX) && name !== CACHE) await caches.delete(name);
    }
    // Pages come from the network; their requests start while the worker is still starting.
    await self.registration.navigationPreload.enable();
    await self.clients.claim();
  };
  event.waitUntil(activate());
});

self.addEventListener('message', ({ data }) => {
  // The user asked for the new version. Otherwise it waits until all pages of the old one are closed.
  if (data === 'activate') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === 'POST' && url.pathname === '/share-target') event.respondWith(receiveSharedPhoto(request));
  else if (request.method !== 'GET') return;
  else if (request.mode === 'navigate') event.respondWith(fetchPage(event));
  else if (files.has(url.pathname)) event.respondWith(fetchFile(request));
});

self.addEventListener('push', (event) => event.waitUntil(showPush(event.data)));

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { url } = event.notification.data as { readonly url: string };
  const show = async (): Promise<void> => {
    const windows = await self.clients.matchAll({ type: 'window' });
    const open = windows.find((client) => new URL(client.url).pathname === url);
    await (open ? open.focus() : self.clients.openWindow(url));
  };
  event.waitUntil(show());
});

async function fetchPage(event: FetchEvent): Promise<Response> {
  try {
    return ((await event.preloadResponse) as Response | undefined) ?? (await fetch(event.request));
  } catch (error) {
    const offline = await caches.match(OFFLINE);
    if (offline) return offline;
    throw error;
  }
}

async function fetchFile(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}
