/**
 * Tells when a new version of the app waits to be used. Nothing changes under the user's hands: it waits until all of the
 * app's pages are closed, or until `use` is called, which opens this page anew.
 *
 * @param ready called with `use` for each new version
 * @param signal ends it
 */
export async function watchForUpdate(ready: (use: () => void) => void, signal: AbortSignal): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const workers = navigator.serviceWorker;
  const registration = await workers.ready;
  if (signal.aborted) return;

  const offer = (worker: ServiceWorker): void =>
    ready(() => {
      workers.addEventListener('controllerchange', () => location.reload(), { once: true });
      worker.postMessage('activate');
    });
  const follow = (): void => {
    const { installing } = registration;
    installing?.addEventListener(
      'statechange',
      () => {
        // The very first one has nothing to replace.
        if (installing.state === 'installed' && workers.controller) offer(installing);
      },
      { signal },
    );
  };
  if (registration.waiting && workers.controller) offer(registration.waiting);
  follow();
  registration.addEventListener('updatefound', follow, { signal });
  // A phone's app may stay open for days.
  const check = (): void => {
    if (!document.hidden) registration.update().catch(() => undefined);
  };
  document.addEventListener('visibilitychange', check, { signal });
}
