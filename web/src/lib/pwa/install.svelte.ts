import { isAppleMobile } from './apple-mobile.ts';

/** Chromium's event that offers to install the app. It is not standardized, so TypeScript has no type for it. */
interface InstallPromptEvent extends Event {
  prompt(): Promise<{ readonly outcome: 'accepted' | 'dismissed' }>;
}

let offer = $state.raw<InstallPromptEvent>();

/** Installs the app, if the browser offers it. */
export const install = {
  /** Whether the browser offers it. Reactive. Never in Safari, which installs apps from its share menu. */
  get available(): boolean {
    return offer !== undefined;
  },
  /** Shows the browser's prompt. @returns whether the user accepted */
  async prompt(): Promise<boolean> {
    const event = offer;
    // An event can prompt only once.
    offer = undefined;
    return event !== undefined && (await event.prompt()).outcome === 'accepted';
  },
};

/** Whether the app can be installed only from the browser's share menu, as on an iPhone, and is not installed. */
export const isInstallableByHand = (): boolean =>
  isAppleMobile(navigator) && !matchMedia('(display-mode: standalone)').matches;

/** Keeps the browser's offer for {@link install}. @param signal stops listening */
export function keepInstallOffers(signal: AbortSignal): void {
  const keep = (event: Event): void => {
    // Prevents the browser's own banner.
    event.preventDefault();
    offer = event as InstallPromptEvent;
  };
  addEventListener('beforeinstallprompt', keep, { signal });
  addEventListener('appinstalled', () => (offer = undefined), { signal });
}
