import { expect, test } from 'vitest';
import { clientAddress } from './client-address.ts';

test.each([
  ['10.1.2.3', '1.1.1.1', 0, '10.1.2.3'],
  ['10.1.2.3', null, 1, '10.1.2.3'],
  ['10.1.2.3', '6.6.6.6, 7.7.7.7', 1, '7.7.7.7'],
  ['10.1.2.3', '6.6.6.6, 7.7.7.7', 2, '6.6.6.6'],
  ['10.1.2.3', '7.7.7.7', 2, '7.7.7.7'],
  ['::ffff:10.1.2.3', null, 0, '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', null, 0, '2001:db8:1:2::/64'],
  ['2001:db8::6', null, 0, '2001:db8:0:0::/64'],
  ['::1', null, 0, '0:0:0:0::/64'],
])(
  'peer %s with x-forwarded-for %s behind %i proxies has the client address %s',
  (peer, forwarded, proxies, address) => {
    expect(clientAddress(peer, forwarded, proxies)).toBe(address);
  },
);
