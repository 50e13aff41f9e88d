import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startSpeedMeter } from './speed-meter.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a machine that was busy at the start is measured again, and its highest speed counts', async () => {
  const speeds = [40e9, 200e9, 150e9];
  const meter = await startSpeedMeter(() => Promise.resolve(speeds.shift()!), {
    isNeeded: () => true,
    onFailure: vi.fn(),
  });
  expect(meter.fastest).toBe(40e9);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(meter.fastest).toBe(200e9);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(meter.fastest).toBe(200e9);
  expect(speeds).toEqual([]);
});

test('a later measurement may fail, which is reported', async () => {
  const measure = vi.fn(() => Promise.reject<number>(new Error('closed')));
  measure.mockResolvedValueOnce(40e9);
  const onFailure = vi.fn();
  const meter = await startSpeedMeter(measure, { isNeeded: () => true, onFailure });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(measure).toHaveBeenCalledTimes(3);
  expect(meter.fastest).toBe(40e9);
  expect(onFailure.mock.calls).toEqual([[new Error('closed')], [new Error('closed')]]);
});

test('a later measurement has a time limit, and is left out once a task has computed', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  let isNeeded = true;
  await startSpeedMeter(
    (signal) => {
      signals.push(signal);
      return Promise.resolve(1);
    },
    { isNeeded: () => isNeeded, onFailure: vi.fn() },
  );
  await vi.advanceTimersByTimeAsync(5_000);
  expect(signals).toEqual([undefined, expect.any(AbortSignal)]);
  isNeeded = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(signals).toHaveLength(2);
});
