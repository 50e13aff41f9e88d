import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFinishLimit } from './finish-limit.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('finishing may compute for the whole time, however often it waits in between', () => {
  using limit = createFinishLimit(1000);
  for (let i = 0; i < 9; i++) {
    limit.waitsForFrame(true);
    vi.advanceTimersByTime(100);
    limit.waitsForFrame(false);
    vi.advanceTimersByTime(5000);
    limit.waitsForFrame(true);
    limit.waitsForSource(true);
    vi.advanceTimersByTime(5000);
    limit.waitsForSource(false);
    limit.waitsForFrame(false);
  }
  expect(limit.signal.aborted).toBe(false);
  limit.waitsForFrame(true);
  vi.advanceTimersByTime(101);
  expect(limit.signal.reason).toBe('took more than 1 s');
});

test('finishing that gives no frame is ended before the time is over', () => {
  using limit = createFinishLimit(600_000, 50_000);
  limit.waitsForFrame(true);
  vi.advanceTimersByTime(49_000);
  limit.waitsForFrame(false);
  limit.waitsForFrame(true);
  vi.advanceTimersByTime(49_000);
  expect(limit.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1_001);
  expect(limit.signal.reason).toBe('made no progress for 50 s');
});
