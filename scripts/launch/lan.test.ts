import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { lanAddress, lanInvitation } from './lan.ts';

const info = (address: string, internal = false): NetworkInterfaceInfo => ({
  address,
  netmask: '255.255.255.0',
  mac: '00:00:00:00:00:00',
  cidr: `${address}/24`,
  ...(address.includes(':') ? { family: 'IPv6', scopeid: 0 } : { family: 'IPv4' }),
  internal,
});

test('the address is one that a phone in the same network reaches', () => {
  expect(
    lanAddress({
      lo: [info('127.0.0.1', true)],
      docker0: [info('172.17.0.1')],
      tun0: [info('10.8.0.2')],
      eth0: [info('fe80::1'), info('203.0.113.7')],
      wlan0: [info('169.254.3.3'), info('192.168.1.20')],
    }),
  ).toBe('192.168.1.20');
});

test('a public address is used where there is no private one, and no address is an error', () => {
  expect(lanAddress({ eth0: [info('203.0.113.7')] })).toBe('203.0.113.7');
  expect(() => lanAddress({ lo: [info('127.0.0.1', true)], docker0: [info('172.17.0.1')] })).toThrow(
    'this machine is in no local network',
  );
});

test('the invitation has a QR code and says what plain http lacks', () => {
  const text = lanInvitation('http://192.168.1.20:8080', false);
  expect(text).toMatch(/[█▀▄]{8}/);
  const colored = lanInvitation('http://192.168.1.20:8080', true);
  expect(colored.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(text);
  expect(colored.match(/^\u001b\[97;40m.*\u001b\[0m$/gm)?.length).toBeGreaterThan(12);
  expect(text).toMatch(/no sharing, no installation and no notifications/);
});
