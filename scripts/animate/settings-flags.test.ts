import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { LimitsSchema } from '@cinematica/protocol/v1';
import { checkLimits, inFlags } from './settings-flags.ts';
import { UsageError } from './usage-error.ts';

const limits = create(LimitsSchema, { frames: { min: 1, max: 99 }, guidance: { min: 0, max: 30 } });

test('numbers are checked against the limits of the system', () => {
  expect(() => checkLimits({ frames: 99, maxGuidance: 1.5, seed: 2 ** 32 - 1 }, limits)).not.toThrow();
  const refused = (settings: Parameters<typeof checkLimits>[0], message: string) =>
    expect(() => checkLimits(settings, limits)).toThrow(new UsageError(message));
  refused({ frames: 100 }, '--frames must be a whole number from 1 to 99, not 100');
  refused({ frames: 1.5 }, '--frames must be a whole number from 1 to 99, not 1.5');
  refused({ minGuidance: -1 }, '--min-guidance must be a number from 0 to 30, not -1');
  refused({ seed: 2 ** 32 }, '--seed must be a whole number from 0 to 4294967295, not 4294967296');
});

test.each([
  ['settings.frames', 'value must be less than or equal to 250', '--frames must be less than or equal to 250'],
  [
    'settings.frame_rate',
    'must be at least conditioning_fps, which is 7',
    '--output-fps must be at least --fps, which is 7',
  ],
  [
    'settings.size',
    'size 100x64: width and height must be multiples of 64',
    '--size 100x64: width and height must be multiples of 64',
  ],
  [
    'settings.size',
    'width times height must be at most 9 pixels',
    '--size: width times height must be at most 9 pixels',
  ],
  ['settings.motion_bucket_id', 'must be less', '--motion must be less'],
  ['settings.crop.x', 'value must be finite', '--focus must be finite'],
  ['request_id', 'value must be a valid UUID', 'value must be a valid UUID'],
])('%s: %s', (field, description, expected) => {
  expect(inFlags(field, description)).toBe(expected);
});
