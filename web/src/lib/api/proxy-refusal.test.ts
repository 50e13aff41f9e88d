import { ErrorReason } from '@cinematica/protocol/v1';
import { afterEach, expect, test, vi } from 'vitest';
import { reasonOf } from './errors.ts';
import { fetchThroughProxy } from './proxy-refusal.ts';

afterEach(() => vi.unstubAllGlobals());

const answer = (status: number, type: string) =>
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('', { status, headers: { 'content-type': type } })));

test.each([
  [413, ErrorReason.IMAGE_TOO_LARGE],
  [429, ErrorReason.TOO_MANY_REQUESTS],
])('status %i of a proxy becomes the gateway’s error with this meaning', async (status, reason) => {
  answer(status, 'text/html');
  const error: unknown = await fetchThroughProxy('/').catch((cause: unknown) => cause);
  expect(reasonOf(error)).toBe(reason);
});

test.each([
  [429, 'application/json'],
  [429, 'application/proto'],
  [200, 'text/html'],
  [502, 'text/html'],
])('status %i with %s is passed on', async (status, type) => {
  answer(status, type);
  expect((await fetchThroughProxy('/')).status).toBe(status);
});
