import { pipelineSettings } from '@cinematica/pipeline';
import { Quality, Sampler } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { capabilitiesOf } from './capabilities.ts';
import { smallModel } from './testing/small-model.ts';

test('a quality with a sampler of its own says which', () => {
  const settings = { ...pipelineSettings(), CALLS_PER_SECOND: 1, MAX_WATCHES_PER_CALLER: 1 };
  const reports = { providers: () => [], replacedOperators: () => [] };
  const [model] = capabilitiesOf(smallModel, settings, '1.0.0', reports, new Uint8Array()).models;
  expect(model?.samplers).not.toContain(Sampler.UNSPECIFIED);
  expect(model?.qualities.map(({ quality, settings }) => [quality, settings?.sampler])).toEqual([
    [Quality.BEST, Sampler.UNSPECIFIED],
    [Quality.FAST, Sampler.AYS],
  ]);
});
