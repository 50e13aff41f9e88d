import { expect, test } from 'vitest';
import { createMemoryPipeline, testPlan } from '../../testing/memory/pipeline.ts';
import { StorageFullError } from '../errors.ts';
import { Lifetime } from '../messages.ts';
import { expectedMediaBytes } from '../storage-sizes.ts';
import { createVideo } from './create-video.ts';

test('a video is accepted only if its files fit beside those of unfinished videos, and is not counted otherwise', async () => {
  const { records, requests, artifacts, table } = createMemoryPipeline();
  const limit = 1.5 * expectedMediaBytes(testPlan());
  const bounded = {
    ...artifacts,
    requireRoom: (mediaBytes = 0) =>
      mediaBytes > limit ? Promise.reject(new StorageFullError('media is full')) : Promise.resolve(),
  };
  const counted = new Set<string>();
  const admission = {
    check: () => undefined,
    take(videoIds: readonly string[]) {
      for (const id of videoIds) counted.add(id);
      return Promise.resolve({ count: videoIds.length, refusal: null });
    },
    giveBack: (videoId: string) => Promise.resolve(void counted.delete(videoId)),
  };
  const options = { records, requests, artifacts: bounded, table, settings: { KEEP_HOURS: 1 } };
  const send = (requestId: string) =>
    createVideo(options, {
      owner: 'ann',
      requestId,
      body: Buffer.from(requestId),
      admission,
      prepare: () => Promise.resolve({ plan: testPlan(), photo: Buffer.from('a photo') }),
    });

  const { record, revision } = await send('first');
  table.apply({ record, revision });
  await expect(send('second')).rejects.toThrow(StorageFullError);
  expect(counted).toEqual(new Set([record.videoId]));
  expect(await artifacts.list(Lifetime.PHOTO)).toHaveLength(1);
});
