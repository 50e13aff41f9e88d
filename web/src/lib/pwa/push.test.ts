import { expect, test } from 'vitest';
import { notificationOffer } from './push.ts';
import type { Device } from './push.ts';

const phone: Device = { secure: true, notifications: true, push: true, uninstalledApple: false };

test('a notification with the page closed is promised only where a push can arrive', () => {
  expect(notificationOffer(phone, true)).toBe('push');
  expect(notificationOffer(phone, false)).toBe('page');
  expect(notificationOffer({ ...phone, push: false }, true)).toBe('page');
});

test('nothing is promised at an address without https, on an iPhone without the app, or when notifications are denied', () => {
  expect(notificationOffer({ ...phone, secure: false, notifications: false }, true)).toBe('insecure');
  expect(notificationOffer({ ...phone, notifications: false, push: false, uninstalledApple: true }, true)).toBe(
    'install',
  );
  expect(notificationOffer({ ...phone, notifications: false }, true)).toBe('none');
});
