/** The event by which Chromium offers to install an app; no standard yet, so that TypeScript does not know it. */
interface InstallPromptEvent extends Event {
  prompt(): Promise<{ readonly outcome: 'accepted' | 'dismissed' }>;
}

let offer = $state.raw<InstallPromptEvent>();

/** Installing the app, where the browser offers it: the offer is kept for a button. */
export const install = {
  /** Whether there is anything to offer: never in Safari, where one does it from the share menu. */
  get available(): boolean {
    return offer !== undefined;
  },
  /** Has the browser ask the user. @returns whether the app was installed */
  async prompt(): Promise<boolean> {
    const asked = offer;
    // It can be used once.
    offer = undefined;
    return asked !== undefined && (await asked.prompt()).outcome === 'accepted';
  },
};

/** Keeps the browser's offers from now on. @param signal ends that */
export function keepInstallOffers(signal: AbortSignal): void {
  const keep = (event: Event): void => {
    // Instead of a bar that covers what the user is doing.
    event.preventDefault();
    offer = event as InstallPromptEvent;
  };
  addEventListener('beforeinstallprompt', keep, { signal });
  addEventListener('appinstalled', () => (offer = undefined), { signal });
}
