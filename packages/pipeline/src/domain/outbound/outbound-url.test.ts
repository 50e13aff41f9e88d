import { describe, expect, test } from 'vitest';
import { pipelineSettings } from '../settings.ts';
import { checkOutboundUrl, OutboundRefusedError } from './outbound-url.ts';
import { isPublicAddress } from './public-address.ts';

const rules = pipelineSettings();
const unsafe = pipelineSettings({ OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES: true });

describe('isPublicAddress', () => {
  test.each(['1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001:80b::200e'])('%s is public', (ip) => {
    expect(isPublicAddress(ip)).toBe(true);
  });

  test.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.8.9.1'],
    ['this network', '0.0.0.0'],
    ['private', '10.1.2.3'],
    ['private', '172.31.255.255'],
    ['private', '192.168.0.1'],
    ['link-local, the metadata of AWS, Google and Azure', '169.254.169.254'],
    ['the task metadata of AWS ECS', '169.254.170.2'],
    ['the wire server of Azure', '168.63.129.16'],
    ['the metadata of Oracle', '192.0.0.192'],
    ['carrier-grade NAT, the metadata of Alibaba', '100.100.100.200'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['documentation', '192.0.2.1'],
    ['benchmarking', '198.18.0.1'],
    ['6to4 relay', '192.88.99.1'],
    ['IPv6 loopback', '::1'],
    ['IPv6 unspecified', '::'],
    ['mapped IPv4', '::ffff:127.0.0.1'],
    ['mapped public IPv4', '::ffff:1.1.1.1'],
    ['mapped IPv4 in hexadecimal', '::ffff:7f00:1'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['IPv4-translated', '::ffff:0:127.0.0.1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['NAT64 of a local network', '64:ff9b:1::7f00:1'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001::7f00:1'],
    ['ORCHID', '2001:20::1'],
    ['documentation', '2001:db8::1'],
    ['documentation', '3fff::1'],
    ['unique local, the metadata of AWS', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['discard', '100::1'],
    ['segment routing', '5f00::1'],
    ['unallocated', '4000::1'],
    ['no address', 'example.com'],
    ['decimal', '2130706433'],
  ])('%s (%s) is not public', (_, ip) => {
    expect(isPublicAddress(ip)).toBe(false);
  });
});

describe('checkOutboundUrl', () => {
  test.each([
    'https://example.com/photo.jpg?x=1',
    'https://example.com:443/',
    'https://1.1.1.1/',
    'https://[2606:4700::1]/',
  ])('accepts %s', (url) => {
    expect(checkOutboundUrl(url, rules).href).toBe(new URL(url).href);
  });

  test.each([
    ['http://example.com/', 'must begin with https://'],
    ['ftp://example.com/', 'must begin with https://'],
    ['file:///etc/passwd', 'must begin with https://'],
    ['data:image/png;base64,AA==', 'must begin with https://'],
    ['gopher://127.0.0.1:6379/', 'must begin with https://'],
    ['//example.com/', 'must be an absolute URL of at most 2048 characters'],
    ['photo.jpg', 'must be an absolute URL of at most 2048 characters'],
    [`https://example.com/${'a'.repeat(2048)}`, 'must be an absolute URL of at most 2048 characters'],
    ['https://user@example.com/', 'must not contain a user name or a password'],
    ['https://:secret@example.com/', 'must not contain a user name or a password'],
    ['https://example.com:22/', 'must not have the port 22: only 443 can be used'],
    ['https://example.com:8443/', 'must not have the port 8443: only 443 can be used'],
    ['https://127.0.0.1/', 'must name a host with a public address'],
    ['https://2130706433/', 'must name a host with a public address'],
    ['https://0x7f000001/', 'must name a host with a public address'],
    ['https://0177.0.0.1/', 'must name a host with a public address'],
    ['https://127.1/', 'must name a host with a public address'],
    ['https://①②⑦.0.0.1/', 'must name a host with a public address'],
    ['https://169.254.169.254/latest/meta-data/', 'must name a host with a public address'],
    ['https://[::1]/', 'must name a host with a public address'],
    ['https://[::ffff:169.254.169.254]/', 'must name a host with a public address'],
    ['https://[64:ff9b::a9fe:a9fe]/', 'must name a host with a public address'],
    ['https://[2002:7f00:1::]/', 'must name a host with a public address'],
    ['https://localhost/', 'must name a host with a public address'],
    ['https://printer.local./', 'must name a host with a public address'],
    ['https://metadata.google.internal/', 'must name a host with a public address'],
    ['https://nats.cinematica.svc/', 'must name a host with a public address'],
    ['https://kubernetes/', 'must name a host with a public address'],
  ])('refuses %s', (url, message) => {
    expect(() => checkOutboundUrl(url, rules)).toThrow(new OutboundRefusedError(message));
  });

  test('a port that the operator allows can be used', () => {
    const more = pipelineSettings({ OUTBOUND_PORTS: [443, 8443] });
    expect(checkOutboundUrl('https://example.com:8443/', more).port).toBe('8443');
    expect(() => checkOutboundUrl('https://example.com:22/', more)).toThrow('only 443, 8443 can be used');
  });

  test('the setting for local tests allows http, private addresses and any port, but no other scheme', () => {
    expect(checkOutboundUrl('http://127.0.0.1:3000/hook', unsafe).port).toBe('3000');
    expect(() => checkOutboundUrl('file:///etc/passwd', unsafe)).toThrow('must begin with https://');
  });
});
