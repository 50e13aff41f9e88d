import { create } from '@bufbuild/protobuf';
import { changed, findTask, Lifetime, PipelineStage, VideoState } from '@cinematica/pipeline';
import { createMemoryPipeline } from '@cinematica/pipeline/testing';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { CreateVideoRequestSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { LAST_FRAME_PART } from '../media/media-files.ts';
import { prepareVideo } from './prepare-video.ts';
import type { LoadedModel } from './resolve-plan.ts';
import { smallModel } from './testing/small-model.ts';

/** Prepares videos of one owner with a pipeline in memory. */
function testPreparation(model: LoadedModel) {
  const pipeline = createMemoryPipeline();
  const { records, artifacts } = pipeline;
  const unused = () => Promise.reject(new Error('not used'));
  const photo = { jpeg: Buffer.from('a photo'), width: 100, height: 100, original: { format: 'jpeg' }, marks: {} };
  const sanitize = () => Promise.resolve({ ...photo, origin: {} });
  const parts = { records, artifacts, model, sanitizer: { sanitize, close: unused }, remoteImages: { fetch: unused } };
  const prepare = async (request: MessageInitShape<typeof CreateVideoRequestSchema>) => {
    const caller = { owner: 'ann', address: null };
    const whole = create(CreateVideoRequestSchema, request);
    return (await prepareVideo(parts as never, caller as never, whole, new AbortController().signal)).plan;
  };
  /** Adds a video that can be continued. @returns its id */
  const addDone = async () => {
    const { record } = await pipeline.add('done');
    const frame = await artifacts.put(Lifetime.MEDIA, 'done/frame', LAST_FRAME_PART, Buffer.from('a frame'));
    await records.update(record, (current) => {
      findTask(current, { stage: PipelineStage.MUX, segment: 0 })!.outputs = [frame];
      current.state = VideoState.DONE;
      return changed();
    });
    return record.videoId;
  };
  return { prepare, addDone };
}

const image = { case: 'image', value: Buffer.from('a photo') } as const;

test.each([
  [undefined, false],
  [true, true],
])('a model whose card says %s about its camera makes plans that say %s', async (onlyCameraMoves, expected) => {
  const { prepare } = testPreparation({ ...smallModel, card: { ...smallModel.card, onlyCameraMoves } });
  expect((await prepare({ source: image })).onlyCameraMoves).toBe(expected);
});

/** A model whose camera looks outside of the photo with the first two seeds that it is asked about. */
function wideModel() {
  const seeds: number[] = [];
  const partOutside: LoadedModel['partOutside'] = ({ seed }) => Promise.resolve(seeds.push(seed) < 3 ? 0.04 : 0);
  return { seeds, model: { ...smallModel, partOutside } };
}

test('what the camera shows outside of the photo is cut off', async () => {
  const { seeds, model } = wideModel();
  const { margin, seed } = await testPreparation(model).prepare({ source: image });
  expect({ margin, seeds }).toEqual({ margin: 0.04, seeds: [seed] });
});

test('a continuation is not cut: its camera stays inside, unless the request names its seed', async () => {
  const { seeds, model } = wideModel();
  const { prepare, addDone } = testPreparation(model);
  const source = { case: 'continueFrom', value: `videos/${await addDone()}` } as const;
  const chosen = await prepare({ source, settings: { seed: 5 } });
  expect([chosen.margin, chosen.seed, seeds]).toEqual([0, 5, []]);
  const random = await prepare({ source });
  expect(seeds).toHaveLength(3);
  expect([random.margin, random.seed]).toEqual([0, seeds[2]]);
});
