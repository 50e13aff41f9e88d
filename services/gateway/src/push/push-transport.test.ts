import { expect, test } from 'vitest';
import { createPushTransport, PUSH_HOSTS } from './push-transport.ts';

const transport = createPushTransport(PUSH_HOSTS);
const allows = (endpoint: string) => transport.allows(endpoint);

test.each([
  'https://fcm.googleapis.com/fcm/send/abc',
  'https://updates.push.services.mozilla.com/wpush/v2/abc',
  'https://wns2-par02p.notify.windows.com/w/?token=abc',
  'https://web.push.apple.com/abc',
])('messages are sent to %s', (endpoint) => expect(allows(endpoint)).toBe(true));

test.each([
  'http://fcm.googleapis.com/fcm/send/abc',
  'https://fcm.googleapis.com:8443/abc',
  'https://user@fcm.googleapis.com/abc',
  'https://fcm.googleapis.com.example/abc',
  'https://evilpush.apple.com.example/abc',
  'https://127.0.0.1/abc',
  'not a url',
])('nothing is sent to %s', (endpoint) => expect(allows(endpoint)).toBe(false));
