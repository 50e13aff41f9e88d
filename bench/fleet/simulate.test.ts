import { describe, expect, test } from 'vitest';
import { percentile, poisson } from './arrivals.ts';
import { simulate } from './simulate.ts';
import type { Scenario } from './simulate.ts';
import { HOP } from './stage-times.ts';

const fixed = (count: number) => ({ min: count, max: count, tasksPerReplica: 1, start: 0, cooldown: 0 });
const fleet = (denoisers: number) => ({
  encode: fixed(50),
  denoise: fixed(denoisers),
  decode: fixed(50),
  mux: fixed(50),
});
const times = { encode: 1, denoise: 10, decode: 2, mux: 3, checkpoint: 4, load: 0 };
const alone = (changes: Partial<Scenario> = {}) => simulate({ times, fleet: fleet(1), arrivals: [100], ...changes });

test('a single video takes the time of its longest path', () => {
  // encode, two segments, decoding of the last one, mux, and a hop before each
  expect(alone().latencies[0]).toBeCloseTo(1 + 20 + 2 + 3 + 5 * HOP, 9);
});

test('utilisation and waiting time of one denoiser match queueing theory', () => {
  // M/D/1: W = ρ·s / 2(1 − ρ) with s = 20 for the whole denoising, if both segments ran one after the other.
  const rate = 0.035;
  const arrivals = poisson(rate, 400_000, 7);
  const instant = { ...times, encode: 0, decode: 0, mux: 0, denoise: 10 };
  const { latencies, use } = simulate({ times: instant, fleet: fleet(1), arrivals });
  expect(use.denoise).toBeCloseTo(rate * 20, 1);
  const mean = latencies.reduce((sum, each) => sum + each, 0) / latencies.length - 20 - 5 * HOP;
  const theory = (0.7 * 20) / (2 * 0.3);
  // The queue serves segments, not videos, so the second segment waits again.
  expect(mean).toBeGreaterThan(theory);
  expect(mean).toBeLessThan(2 * theory);
});

test('an overloaded fleet works at its maximum rate', () => {
  const { duration, latencies } = simulate({ times, fleet: fleet(4), arrivals: Array.from({ length: 400 }, () => 0) });
  expect(duration / ((400 * 20) / 4)).toBeCloseTo(1, 1);
  expect(latencies.every((each) => each > 0)).toBe(true);
});

describe('the loss of a node', () => {
  test('costs the unsaved work and the time until it is detected', () => {
    // Lost after 9 s of the first segment: 8 s are saved. It is detected after 30 s, when a new worker is ready.
    const lost = alone({
      fleet: { ...fleet(1), denoise: { ...fixed(1), start: 20 } },
      loss: { at: 110.3, workers: 1, seconds: 0 },
    });
    expect(lost.latencies[0]).toBeCloseTo(alone().latencies[0]! + 30 + 1, 6);
  });

  test('loses no video', () => {
    const arrivals = poisson(0.15, 3_000, 3);
    const { latencies } = simulate({ times, fleet: fleet(4), arrivals, loss: { at: 1_000, workers: 3, seconds: 300 } });
    expect(latencies).toHaveLength(arrivals.length);
    expect(latencies.every(Number.isFinite)).toBe(true);
  });
});

test('a stage that is scaled to zero starts on demand, and is scaled to zero again', () => {
  const scaledToZero = { min: 0, max: 4, tasksPerReplica: 2, start: 120, cooldown: 300 };
  const { latencies, gpuSecondsPerVideo } = alone({
    fleet: { ...fleet(1), denoise: scaledToZero, decode: scaledToZero },
  });
  expect(latencies[0]).toBeGreaterThan(120);
  expect(latencies[0]).toBeLessThan(alone().latencies[0]! + 120 + 15);
  expect(gpuSecondsPerVideo).toBeLessThan(2 * 700);
});

test('percentile returns one of the values', () => {
  expect([0, 0.5, 0.95, 1].map((share) => percentile([4, 1, 3, 2], share))).toEqual([1, 2, 4, 4]);
});
