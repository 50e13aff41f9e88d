/**
 * Watches for new versions of the app. A new version waits until all pages of the app are closed, or until `activate` is
 * called, which reloads this page.
 *
 * @param onready called with `activate` for each new version
 * @param signal stops watching
 */
export async function watchForUpdate(onready: (activate: () => void) => void, signal: AbortSignal): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const workers = navigator.serviceWorker;
  const registration = await workers.ready;
  if (signal.aborted) return;

  const offer = (worker: ServiceWorker): void =>
    onready(() => {
      workers.addEventListener('controllerchange', () => location.reload(), { once: true });
      worker.postMessage('activate');
    });
  const watchInstallation = (): void => {
    const { installing } = registration;
    installing?.addEventListener(
      'statechange',
      () => {
        // The first installation is not an update.
        if (installing.state === 'installed' && workers.controller) offer(installing);
      },
      { signal },
    );
  };
  if (registration.waiting && workers.controller) offer(registration.waiting);
  watchInstallation();
  registration.addEventListener('updatefound', watchInstallation, { signal });
  // An installed app may stay open for days.
  const check = (): void => {
    if (!document.hidden) registration.update().catch(() => undefined);
  };
  document.addEventListener('visibilitychange', check, { signal });
}
