import { create } from '@bufbuild/protobuf';
import { createMemoryPipeline } from '@cinematica/pipeline/testing';
import { CreateVideoRequestSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { prepareVideo } from './prepare-video.ts';
import { smallModel } from './testing/small-model.ts';

test.each([
  [undefined, false],
  [true, true],
])('a model whose card says %s about its camera makes plans that say %s', async (onlyCameraMoves, expected) => {
  const { records, artifacts } = createMemoryPipeline();
  const unused = () => Promise.reject(new Error('not used'));
  const photo = { jpeg: Buffer.from('a photo'), width: 100, height: 100, original: { format: 'jpeg' }, marks: {} };
  const parts = {
    records,
    artifacts,
    sanitizer: { sanitize: () => Promise.resolve(photo), close: unused },
    remoteImages: { fetch: unused },
    model: { ...smallModel, card: { ...smallModel.card, onlyCameraMoves } },
  };
  const request = create(CreateVideoRequestSchema, { source: { case: 'image', value: Buffer.from('a photo') } });
  const caller = { owner: 'ann', address: null };
  const { plan } = await prepareVideo(parts as never, caller as never, request, new AbortController().signal);
  expect(plan.onlyCameraMoves).toBe(expected);
});
