/** What a notification says, and where pressing it leads. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  /** A path of this app. */
  readonly url: string;
  /** A later notice of the same tag takes the place of this one. */
  readonly tag: string;
}

/**
 * Whether notifications can be offered: not over plain http, not on an iPhone unless the app is installed, and not to who
 * has refused them.
 */
export function canNotify(): boolean {
  return (
    'Notification' in globalThis &&
    'serviceWorker' in navigator &&
    isSecureContext &&
    Notification.permission !== 'denied'
  );
}

/** Asks the user, who must just have pressed a button. @returns whether notifications may be shown */
export async function askToNotify(): Promise<boolean> {
  return canNotify() && (await Notification.requestPermission()) === 'granted';
}

/** Shows a notification, if the user has allowed it. @returns whether it was shown */
export async function notify({ title, body, url, tag }: Notice): Promise<boolean> {
  if (!canNotify() || Notification.permission !== 'granted') return false;
  const registration = await navigator.serviceWorker.getRegistration();
  if (!registration?.active) return false;
  const icon = '/icons/icon-192.png';
  await registration.showNotification(title, { body, tag, icon, badge: '/icons/badge.png', data: { url } });
  return true;
}
