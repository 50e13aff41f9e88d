import { create } from '@bufbuild/protobuf';
import { GetCapabilitiesResponseSchema } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CAPABILITIES } from '../../../test/fake-gateway.ts';
import { loadCapabilities } from './capabilities.svelte.ts';

let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  stop = new AbortController();
});

afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

/** An API that is unreachable for the first calls, and the times of all calls. */
function unreachableFor(failures: number) {
  const calls: number[] = [];
  const getCapabilities = () => {
    calls.push(Date.now());
    if (calls.length <= failures) return Promise.reject(new ConnectError('no network', Code.Unavailable));
    return Promise.resolve(create(GetCapabilitiesResponseSchema, { capabilities: CAPABILITIES }));
  };
  return { calls, api: { getCapabilities } };
}

test('loads the capabilities', async () => {
  const capabilities = loadCapabilities(unreachableFor(0).api, stop.signal);
  expect(capabilities.value).toBeUndefined();
  expect(await capabilities.loaded).toBe(capabilities.value);
  expect(capabilities.value?.models[0]?.name).toBe('svd-xt');
});

test('retries an unreachable gateway with growing delays, and reports it meanwhile', async () => {
  const { api, calls } = unreachableFor(6);
  const capabilities = loadCapabilities(api, stop.signal);
  await vi.advanceTimersByTimeAsync(0);
  expect(capabilities.unreachable).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(capabilities.unreachable).toBe(false);
  expect(capabilities.value).toBeDefined();
  expect(calls.slice(1).map((time, i) => time - calls[i]!)).toEqual([1000, 2000, 4000, 8000, 16_000, 20_000]);
});

test('stops when the signal is aborted', async () => {
  const { api, calls } = unreachableFor(Infinity);
  const capabilities = loadCapabilities(api, stop.signal);
  await vi.advanceTimersByTimeAsync(0);
  stop.abort();
  await expect(capabilities.loaded).rejects.toThrow();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls).toHaveLength(1);
});
