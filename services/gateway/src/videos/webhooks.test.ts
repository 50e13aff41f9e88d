import { pipelineSettings } from '@cinematica/pipeline';
import { Code } from '@cinematica/protocol';
import type { RpcError } from '@cinematica/protocol';
import { expect, test, vi } from 'vitest';
import { digestOfKey, parseApiKeys } from '../callers/api-keys.ts';
import { createRemoteImages } from '../photo/remote-images.ts';
import { webhookUrlsOf } from './webhooks.ts';

const DIGEST = '0'.repeat(64);
const rules = pipelineSettings();
const keys = parseApiKeys(`ann ${DIGEST} webhook=https://ann.test/hook\nbob ${DIGEST}\n`);
const ann = { owner: 'key-ann', address: null };
const bob = { owner: 'key-bob', address: null };
const browser = { owner: 'web-1', address: '203.0.113.7' };

const urls = (callbackUrl: string, caller: typeof ann | typeof browser, enabled = true) =>
  webhookUrlsOf({ keys, enabled, rules }, { callbackUrl }, caller);

test('a video has the webhook of its key and that of its request, and each URL once', () => {
  expect(urls('', bob)).toEqual([]);
  expect(urls('', browser)).toEqual([]);
  expect(urls('', ann)).toEqual(['https://ann.test/hook']);
  expect(urls('https://other.test/', ann)).toEqual(['https://ann.test/hook', 'https://other.test/']);
  expect(urls('https://ANN.test/hook', ann)).toEqual(['https://ann.test/hook']);
});

test('while webhooks are switched off, a callback is refused and that of the key is not called', () => {
  expect(urls('', ann, false)).toEqual([]);
  const refusal = expect.objectContaining({
    code: Code.FAILED_PRECONDITION,
    message: 'callback_url is switched off on this server. Call WatchVideo or GetVideo instead.',
  }) as RpcError;
  expect(() => urls('https://other.test/', ann, false)).toThrow(refusal);
});

test('a callback of a caller without a key is refused', () => {
  const refusal = expect.objectContaining({ code: Code.UNAUTHENTICATED }) as RpcError;
  expect(() => urls('https://other.test/', browser)).toThrow(refusal);
});

test('without an outbound service, photos by URL are refused', async () => {
  using images = createRemoteImages({ address: undefined, token: undefined, rules, maxBytes: 1 });
  const fetching = images.fetch('https://example.com/', 'ann', AbortSignal.timeout(1_000));
  await expect(fetching).rejects.toMatchObject({
    code: Code.FAILED_PRECONDITION,
    message: expect.stringContaining('image_url is switched off') as unknown,
  });
});

test('a key ends at its time, without a restart, and its owner loses access with the last key', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2027-01-30T23:59:59Z') });
  try {
    const [old, fresh] = ['old', 'new'].map((key) => digestOfKey(key).toString('hex'));
    const ending = parseApiKeys(
      `ann ${old} expires=2027-01-31\nann ${fresh} expires=2027-03-01T12:00:00+01:00\nbob ${DIGEST}`,
    );
    expect(ending.expiries).toEqual(new Map([['key-ann', new Date('2027-03-01T11:00:00Z')]]));
    expect(ending.ownerOf('old')).toBe('key-ann');
    vi.setSystemTime(Date.parse('2027-01-31T00:00:00Z'));
    expect(ending.ownerOf('old')).toBeNull();
    expect(ending.ownerOf('new')).toBe('key-ann');
    // A line that has ended does not hide a later one of the same key.
    expect(parseApiKeys(`ann ${old} expires=2027-01-30\nann ${old}`).ownerOf('old')).toBe('key-ann');
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  [`ann ${DIGEST} expires=tomorrow`, 'line 1: “expires=tomorrow” is not a date such as 2027-01-31'],
  [
    `ann ${DIGEST} ends=2027-01-31`,
    'line 1 is not a name and a SHA-256 in hex, with or without webhook=URL and expires=DATE',
  ],
  [`ann ${DIGEST} https://ann.test/`, 'line 1 is not a name and a SHA-256 in hex, with or without webhook=URL'],
  [`ann ${DIGEST} webhook=http://ann.test/`, 'line 1: the webhook must begin with https://'],
  [`ann ${DIGEST} webhook=https://10.0.0.1/`, 'line 1: the webhook must name a host with a public address'],
  [`ann ${DIGEST} webhook=https://a.test/\nann ${DIGEST} webhook=https://b.test/`, 'line 2 gives ann a second webhook'],
])('a line of API_KEYS_FILE with a wrong option is refused: %j', (text, message) => {
  expect(() => parseApiKeys(text)).toThrow(`API_KEYS_FILE: ${message}`);
});
