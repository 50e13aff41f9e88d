import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stubPage } from '../../../test/fake-browser.ts';
import type { FakePage } from '../../../test/fake-browser.ts';
import { createRefreshScheduler } from './refresh-scheduler.ts';

let page: FakePage;
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  page = stubPage();
  stop = new AbortController();
});

afterEach(() => {
  stop.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Whether a wait has ended, after all pending callbacks have run. */
async function hasEnded(wait: Promise<void>): Promise<boolean> {
  let ended = false;
  void wait.then(() => (ended = true));
  await vi.advanceTimersByTimeAsync(0);
  return ended;
}

test('a wait ends after its delay', async () => {
  const wait = createRefreshScheduler(stop.signal).wait(1000);
  await vi.advanceTimersByTimeAsync(999);
  expect(await hasEnded(wait)).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await hasEnded(wait)).toBe(true);
});

test('a wait without a delay, or with one that timers do not support, has no timeout', () => {
  const scheduler = createRefreshScheduler(stop.signal);
  void scheduler.wait();
  void scheduler.wait(2 ** 31);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ['the network comes back', () => page.fire('online')],
  ['the network is lost', () => page.fire('offline')],
  ['the page is restored from the back/forward cache', () => page.fire('pageshow', { persisted: true })],
  [
    'the page is shown after more than 10 seconds',
    () => {
      page.setHidden(true);
      vi.setSystemTime(Date.now() + 10_001);
      page.setHidden(false);
    },
  ],
  ['the scheduler is stopped', () => stop.abort()],
])('the attempt and the wait end when %s', async (_, event) => {
  const scheduler = createRefreshScheduler(stop.signal);
  const attempt = scheduler.attemptSignal();
  const wait = scheduler.wait(60_000);
  event();
  expect(attempt.aborted).toBe(true);
  expect(await hasEnded(wait)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ['the page is loaded', () => page.fire('pageshow', { persisted: false })],
  [
    'the page was hidden only for a moment',
    () => {
      page.setHidden(true);
      vi.setSystemTime(Date.now() + 9_000);
      page.setHidden(false);
    },
  ],
])('the attempt and the wait continue when %s', async (_, event) => {
  const scheduler = createRefreshScheduler(stop.signal);
  const attempt = scheduler.attemptSignal();
  const wait = scheduler.wait(60_000);
  event();
  expect(attempt.aborted).toBe(false);
  expect(await hasEnded(wait)).toBe(false);
});

test('refreshNow starts a new attempt', () => {
  const scheduler = createRefreshScheduler(stop.signal);
  const first = scheduler.attemptSignal();
  scheduler.refreshNow();
  expect(first.aborted).toBe(true);
  expect(scheduler.attemptSignal().aborted).toBe(false);
});
