import { expect, test } from 'vitest';
import { createMemoryPipeline, testPlan } from '../../testing/memory/pipeline.ts';
import { StorageFullError, UnavailableError } from '../errors.ts';
import { Lifetime } from '../messages.ts';
import { expectedMediaBytes } from '../storage-sizes.ts';
import { createVideo } from './create-video.ts';
import type { CreateVideoOptions } from './create-video.ts';

type Changes = Partial<Pick<CreateVideoOptions, 'records' | 'artifacts'>>;

/** Sends requests of one owner to a pipeline in memory, and counts their videos. */
function testAdmission(change: (options: CreateVideoOptions) => Changes) {
  const { records, requests, artifacts, table } = createMemoryPipeline();
  const counted = new Set<string>();
  const admission = {
    check: () => undefined,
    take(videoIds: readonly string[]) {
      for (const id of videoIds) counted.add(id);
      return Promise.resolve({ count: videoIds.length, refusal: null });
    },
    giveBack: (videoId: string) => Promise.resolve(void counted.delete(videoId)),
  };
  const whole = { records, requests, artifacts, table, settings: { KEEP_HOURS: 1 } };
  const options = { ...whole, ...change(whole) };
  const send = (requestId: string) =>
    createVideo(options, {
      owner: 'ann',
      requestId,
      body: Buffer.from(requestId),
      admission,
      prepare: () => Promise.resolve({ plan: testPlan(), photo: Buffer.from('a photo') }),
    });
  return { send, counted, artifacts, table };
}

test('a video is accepted only if its files fit beside those of unfinished videos, and is not counted otherwise', async () => {
  const limit = 1.5 * expectedMediaBytes(testPlan());
  const { send, counted, artifacts, table } = testAdmission(({ artifacts: unlimited }) => ({
    artifacts: {
      ...unlimited,
      requireRoom: (mediaBytes = 0) =>
        mediaBytes > limit ? Promise.reject(new StorageFullError('media is full')) : Promise.resolve(),
    },
  }));
  const { record, revision } = await send('first');
  table.apply({ record, revision });
  await expect(send('second')).rejects.toThrow(StorageFullError);
  expect(counted).toEqual(new Set([record.videoId]));
  expect(await artifacts.list(Lifetime.PHOTO)).toHaveLength(1);
});

test('in an outage, a video is counted only if its record may have been written', async () => {
  const away = () => Promise.reject(new UnavailableError('the storage is away'));
  const withoutPhotos = testAdmission(({ artifacts }) => ({ artifacts: { ...artifacts, put: away } }));
  await expect(withoutPhotos.send('first')).rejects.toThrow(UnavailableError);
  expect(withoutPhotos.counted.size).toBe(0);
  const withoutRecords = testAdmission(({ records }) => ({ records: { ...records, create: away } }));
  await expect(withoutRecords.send('first')).rejects.toThrow(UnavailableError);
  expect(withoutRecords.counted.size).toBe(1);
});
