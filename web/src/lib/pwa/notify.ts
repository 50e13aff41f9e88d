/** A notification, and the page that it opens. */
export interface AppNotification {
  readonly title: string;
  readonly body: string;
  /** A path of this app. */
  readonly url: string;
  /** A later notification with the same tag replaces this one. */
  readonly tag: string;
}

/**
 * Whether notifications can be offered. They need https, on an iPhone an installed app, and a user who has not denied them.
 */
export function canNotify(): boolean {
  return (
    'Notification' in globalThis &&
    'serviceWorker' in navigator &&
    isSecureContext &&
    Notification.permission !== 'denied'
  );
}

/** Asks the user for permission; call it in the handler of a click. @returns whether notifications are allowed */
export async function askToNotify(): Promise<boolean> {
  return canNotify() && (await Notification.requestPermission()) === 'granted';
}

/** Shows a notification, if notifications are allowed. @returns whether it was shown */
export async function notify({ title, body, url, tag }: AppNotification): Promise<boolean> {
  if (!canNotify() || Notification.permission !== 'granted') return false;
  const registration = await navigator.serviceWorker.getRegistration();
  if (!registration?.active) return false;
  const icon = '/icons/icon-192.png';
  await registration.showNotification(title, { body, tag, icon, badge: '/icons/badge.png', data: { url } });
  return true;
}
