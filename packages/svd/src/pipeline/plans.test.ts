import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeChunks } from './decode.ts';
import { planSegments } from './segments.ts';

describe('planSegments', () => {
  test.each([
    [50, 25, { segments: 2, framesPerSegment: 26, surplus: 1 }],
    [25, 25, { segments: 1, framesPerSegment: 25, surplus: 0 }],
    [26, 25, { segments: 1, framesPerSegment: 26, surplus: 0 }],
    [50, 50, { segments: 1, framesPerSegment: 50, surplus: 0 }],
    [1, 25, { segments: 1, framesPerSegment: 1, surplus: 0 }],
    [2, 1, { segments: 1, framesPerSegment: 2, surplus: 0 }],
  ])('plans %i frames with a window of %i', (frames, window, plan) => {
    expect(planSegments(frames, window)).toEqual(plan);
  });

  test('plans all frames, with segments of at most window + 1 frames and less surplus than segments', () => {
    const anyCount = fc.integer({ min: 1, max: 250 });
    fc.assert(
      fc.property(anyCount, anyCount, (frames, window) => {
        const { segments, framesPerSegment, surplus } = planSegments(frames, window);
        expect(segments * (framesPerSegment - 1) + 1 - surplus).toBe(frames);
        expect(framesPerSegment).toBeLessThanOrEqual(window + 1);
        expect(surplus).toBeGreaterThanOrEqual(0);
        expect(surplus).toBeLessThan(segments);
      }),
    );
  });
});

test('decodeChunks covers all frames in order, with chunks of nearly equal length up to the maximum', () => {
  expect(decodeChunks(26, 9).map(({ count }) => count)).toEqual([9, 9, 8]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 250 }), fc.integer({ min: 1, max: 50 }), (frames, maxFrames) => {
      const chunks = decodeChunks(frames, maxFrames);
      let next = 0;
      for (const { first, count } of chunks) {
        expect(first).toBe(next);
        next += count;
      }
      expect(next).toBe(frames);
      const counts = chunks.map(({ count }) => count);
      expect(Math.max(...counts)).toBeLessThanOrEqual(maxFrames);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
  );
});
