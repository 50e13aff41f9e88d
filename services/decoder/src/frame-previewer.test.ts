import { create } from '@bufbuild/protobuf';
import { PlanSchema } from '@cinematica/pipeline';
import { expect, test } from 'vitest';
import { createFramePreviewer } from './frame-previewer.ts';

const plan = create(PlanSchema, { width: 64, height: 48, segmentFrames: 4, conditioningFps: 7, steps: 8 });
const chunk = new Uint8Array(2 * 64 * 48 * 3);

test('each chunk is followed by a preview of all frames so far', async () => {
  const shown: unknown[] = [];
  const previewer = createFramePreviewer(plan, { preview: (...args) => shown.push(args) });
  previewer.show(chunk, 2);
  previewer.show(chunk, 2);
  const preview = (decodedFrames: number): unknown[] => [
    8,
    'image/webp',
    expect.any(Uint8Array),
    { width: 64, height: 48, decodedFrames },
  ];
  await expect.poll(() => shown).toEqual([preview(2), preview(4)]);
});

test('frames that an earlier attempt decoded are counted', async () => {
  const counts: unknown[] = [];
  const previewer = createFramePreviewer(plan, { preview: (_step, _type, _image, info) => counts.push(info) });
  previewer.skip(2);
  previewer.show(chunk, 2);
  await expect.poll(() => counts).toEqual([{ width: 64, height: 48, decodedFrames: 4 }]);
});
