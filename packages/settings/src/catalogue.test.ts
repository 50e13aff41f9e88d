import { ScalarType } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { DecodeRequestSchema, DenoiseRequestSchema, EncodeRequestSchema } from '@cinematica/protocol/stages';
import { LimitsSchema, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { SETTING_NAMES, SETTINGS } from './catalogue.ts';
import { checkSetting } from './check-setting.ts';
import { pickSettings } from './pick-settings.ts';
import { rangeOf } from './ranges.ts';

const numericFields = (message: DescMessage) =>
  message.fields.filter(
    (field) => field.fieldKind === 'scalar' && [ScalarType.UINT32, ScalarType.DOUBLE].includes(field.scalar),
  );

test('the catalogue has every numeric field of VideoSettings, and no other', () => {
  expect(
    numericFields(VideoSettingsSchema)
      .map(({ localName }) => localName)
      .sort(),
  ).toEqual([...SETTING_NAMES].sort());
});

test('every setting with a range has it in the limits that GetCapabilities reports', () => {
  const shared = new Set(['minGuidance', 'maxGuidance']);
  const limits = LimitsSchema.fields
    .filter(({ message }) => message?.name === 'Range')
    .map(({ localName }) => localName);
  const expected = SETTING_NAMES.filter((name) => name !== 'seed' && !shared.has(name));
  expect(limits.sort()).toEqual([...expected, 'guidance'].sort());
  const range = ({ min, max }: { min: number; max: number }) => ({ min, max });
  expect(range(SETTINGS.minGuidance)).toEqual(range(SETTINGS.maxGuidance));
});

test('a setting has the same range in the stages’ own requests', () => {
  for (const message of [EncodeRequestSchema, DenoiseRequestSchema, DecodeRequestSchema]) {
    for (const field of numericFields(message)) {
      const name = SETTING_NAMES.find((each) => each === field.localName);
      // A segment's frames are counted by the denoiser, under the same name.
      if (name)
        expect({ message: message.name, ...rangeOf(name, message) }).toEqual({
          message: message.name,
          ...rangeOf(name),
        });
    }
  }
});

test('no two settings have one flag, and every help fits on a line', () => {
  const flags = SETTING_NAMES.map((name) => SETTINGS[name].flag);
  expect(new Set(flags).size).toBe(flags.length);
  for (const name of SETTING_NAMES) expect(SETTINGS[name].help.length).toBeLessThan(110);
});

test('the ranges are those of the API', () => {
  expect(SETTINGS.steps).toMatchObject({ field: 'steps', min: 1, max: 100, integer: true });
  expect(SETTINGS.noiseAugStrength).toMatchObject({ field: 'noise_aug_strength', min: 0, max: 1, integer: false });
  expect(SETTINGS.seed).toMatchObject({ min: 0, max: 2 ** 32 - 1, integer: true });
});

test('a value out of its range is explained', () => {
  expect(checkSetting('frames', 250)).toBeNull();
  expect(checkSetting('frames', 251)).toBe('must be a whole number from 1 to 250, not 251');
  expect(checkSetting('frames', 1.5)).toBe('must be a whole number from 1 to 250, not 1.5');
  expect(checkSetting('maxGuidance', Number.NaN)).toBe('must be a number from 0 to 30, not NaN');
});

test('settings are picked from whatever has them, without those that are missing', () => {
  const source = { frames: 5, steps: undefined, width: 64, seed: 0 };
  expect(pickSettings(source)).toEqual({ frames: 5, seed: 0 });
  expect(pickSettings(source, ['seed'])).toEqual({ seed: 0 });
});
