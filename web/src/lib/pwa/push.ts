import { createClient } from '@connectrpc/connect';
import type { Client } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { PushService } from '@cinematica/protocol/v1';
import { api } from '#lib/api/client.ts';
import { getLocale } from '#lib/i18n/index.ts';
import { isAppleMobile } from './apple-mobile.ts';
import { canNotify } from './notify.ts';

/** What can be promised on this device. */
export type NotificationOffer =
  /** A notification arrives also when the page is closed. */
  | 'push'
  /** A notification appears while the page is open. */
  | 'page'
  /** On an iPhone, only an installed app gets notifications. */
  | 'install'
  /** Browsers allow notifications only at https addresses. */
  | 'insecure'
  /** The user has denied notifications, or the browser has none. */
  | 'none';

/** What the offer depends on, so that it can be tested. */
export interface Device {
  readonly secure: boolean;
  readonly notifications: boolean;
  readonly push: boolean;
  /** An iPhone or iPad whose app is not installed. */
  readonly uninstalledApple: boolean;
}

/** @param serverSends whether the gateway sends notifications. */
export function notificationOffer(device: Device, serverSends: boolean): NotificationOffer {
  if (device.uninstalledApple) return device.secure ? 'install' : 'insecure';
  if (!device.secure) return 'insecure';
  if (!device.notifications) return 'none';
  return device.push && serverSends ? 'push' : 'page';
}

/** This device, in a browser. */
export function thisDevice(): Device {
  const installed = matchMedia('(display-mode: standalone)').matches;
  return {
    secure: isSecureContext,
    notifications: canNotify(),
    push: 'PushManager' in globalThis && 'serviceWorker' in navigator,
    uninstalledApple: isAppleMobile(navigator) && !installed,
  };
}

let client: Client<typeof PushService> | undefined;
const pushApi = (): Client<typeof PushService> =>
  (client ??= createClient(PushService, createConnectTransport({ baseUrl: '/', useBinaryFormat: true })));

/** The public key of the gateway; empty when it sends no notifications. */
export async function pushPublicKey(): Promise<Uint8Array> {
  const { capabilities } = await api.getCapabilities({});
  return capabilities?.pushPublicKey ?? new Uint8Array();
}

/**
 * Subscribes this device, and asks for a notification when a video ends. The user must have allowed notifications.
 *
 * @throws when the browser's push service or the gateway refuses
 */
export async function requestPush(name: string, publicKey: Uint8Array): Promise<void> {
  const { pushManager } = await navigator.serviceWorker.ready;
  const applicationServerKey = Uint8Array.from(publicKey);
  const known = await pushManager.getSubscription();
  // A subscription belongs to one key. The gateway may have a new one.
  if (known && !isSameKey(known.options.applicationServerKey, applicationServerKey)) await known.unsubscribe();
  const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  const [p256dh, auth] = [subscription.getKey('p256dh'), subscription.getKey('auth')];
  if (!p256dh || !auth) throw new TypeError('the subscription has no keys');
  await pushApi().requestNotification({
    name,
    subscription: { endpoint: subscription.endpoint, p256dh: new Uint8Array(p256dh), auth: new Uint8Array(auth) },
    language: getLocale(),
  });
}

/** Withdraws the request for a video; the subscription of the device stays for others. */
export async function withdrawPush(name: string): Promise<void> {
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription = await pushManager.getSubscription();
  if (subscription) await pushApi().withdrawNotification({ name, endpoint: subscription.endpoint });
}

function isSameKey(known: ArrayBuffer | null, key: Uint8Array): boolean {
  const bytes = known ? new Uint8Array(known) : new Uint8Array();
  return bytes.length === key.length && bytes.every((byte, i) => byte === key[i]);
}
