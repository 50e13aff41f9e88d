import { expect, test } from 'vitest';
import { createMemoryPipeline, testPlan } from '../../testing/memory/pipeline.ts';
import { StorageFullError, UnavailableError } from '../errors.ts';
import { Lifetime } from '../messages.ts';
import { expectedMediaBytes } from '../storage-sizes.ts';
import { createVideo, createVideos } from './create-video.ts';
import { OverLimitError } from './over-limit-error.ts';
import type { CreateVideoOptions, PreparedVideo } from './create-video.ts';

type Changes = Partial<Pick<CreateVideoOptions, 'records' | 'artifacts'>>;

/** Sends requests of one owner to a pipeline in memory, and counts their videos. */
function testAdmission(change: (options: CreateVideoOptions) => Changes, limit = Infinity) {
  const { records, requests, artifacts, table } = createMemoryPipeline();
  const counted = new Set<string>();
  let isFull = false;
  const admission = {
    check: () => undefined,
    take(videoIds: readonly string[]) {
      if (isFull) return Promise.resolve({ count: 0, refusal: new OverLimitError('too many videos are waiting', 1) });
      for (const [index, id] of videoIds.entries()) {
        if (!counted.has(id) && counted.size >= limit) {
          return Promise.resolve({ count: index, refusal: new OverLimitError('no more videos', 1) });
        }
        counted.add(id);
      }
      return Promise.resolve({ count: videoIds.length, refusal: null });
    },
    giveBack: (videoId: string) => Promise.resolve(void counted.delete(videoId)),
  };
  const whole = { records, requests, artifacts, table, settings: { KEEP_HOURS: 1 } };
  const options = { ...whole, ...change(whole) };
  const requestOf = (requestId: string, prepare = withPhoto) => ({
    owner: 'ann',
    requestId,
    body: Buffer.from(requestId),
    prepare,
  });
  const send = (requestId: string, prepare = withPhoto) =>
    createVideo(options, { ...requestOf(requestId, prepare), admission });
  const sendAll = (all: readonly (readonly [requestId: string, prepare: Prepare])[]) =>
    createVideos(
      options,
      all.map(([requestId, prepare]) => requestOf(requestId, prepare)),
      admission,
    );
  /** From now on, the queue of the system is full, also for videos that are counted. */
  const fill = () => {
    isFull = true;
  };
  return { send, sendAll, fill, counted, records, artifacts, table };
}

type Prepare = () => Promise<PreparedVideo>;
const withPhoto: Prepare = () => Promise.resolve({ plan: testPlan(), photo: Buffer.from('a photo') });
const withoutPhoto: Prepare = () => Promise.reject(new Error('there is no photo'));

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

test('two requests with one id in a batch are one video, which is counted if it was created', async () => {
  for (const [first, second] of [
    [withPhoto, withoutPhoto],
    [withoutPhoto, withPhoto],
  ] as const) {
    const { sendAll, counted, records } = testAdmission(() => ({}));
    const results = await sendAll([
      ['same', first],
      ['same', second],
      ['other', withPhoto],
    ]);
    expect(results[1]).toBe(results[0]);
    expect([...counted].sort()).toEqual([...(await records.list('ann'))].sort());
  }
});

test('a video that two gateways make for one request is counted, whichever fails', async () => {
  for (const order of ['the failure comes first', 'the failure comes last']) {
    const { send, counted, records } = testAdmission(() => ({}));
    const failed = Promise.withResolvers<PreparedVideo>();
    const made = Promise.withResolvers<PreparedVideo>();
    const failing = send('same', () => failed.promise);
    const making = send('same', () => made.promise);
    const fail = async () => {
      failed.reject(new Error('there is no photo'));
      await expect(failing).rejects.toThrow('there is no photo');
    };
    if (order === 'the failure comes first') await fail();
    made.resolve(await withPhoto());
    const { record } = await making;
    if (order === 'the failure comes last') await fail();
    expect(await records.list('ann'), order).toEqual([record.videoId]);
    expect(counted, order).toEqual(new Set([record.videoId]));
  }
});

test('a video that another gateway creates while it is given back stays counted', async () => {
  let beforeAnswer: (() => Promise<void>) | undefined;
  const { send, counted, records } = testAdmission(({ records: whole }) => ({
    records: {
      ...whole,
      async get(video) {
        const found = await whole.get(video);
        await beforeAnswer?.();
        return found;
      },
    },
  }));
  const failed = Promise.withResolvers<PreparedVideo>();
  const made = Promise.withResolvers<PreparedVideo>();
  let begun = 0;
  const prepares = (photo: Promise<PreparedVideo>) => () => {
    begun++;
    return photo;
  };
  const [failing, making] = [send('same', prepares(failed.promise)), send('same', prepares(made.promise))];
  await expect.poll(() => begun).toBe(2);
  beforeAnswer = async () => {
    beforeAnswer = undefined;
    made.resolve(await withPhoto());
    await making;
  };
  failed.reject(new Error('there is no photo'));
  await expect(failing).rejects.toThrow('there is no photo');
  expect(await records.list('ann')).toEqual([...counted]);
  expect(counted.size).toBe(1);
});

test('a video that was given back while its photo was prepared is not created without room', async () => {
  const { send, counted, records } = testAdmission(() => ({}), 1);
  const failed = Promise.withResolvers<PreparedVideo>();
  const made = Promise.withResolvers<PreparedVideo>();
  const [failing, making] = [send('same', () => failed.promise), send('same', () => made.promise)];
  failed.reject(new Error('there is no photo'));
  await expect(failing).rejects.toThrow('there is no photo');
  const { record } = await send('other');
  made.resolve(await withPhoto());
  await expect(making).rejects.toThrow(OverLimitError);
  expect(await records.list('ann')).toEqual([record.videoId]);
  expect(counted).toEqual(new Set([record.videoId]));
});

test('a video that another gateway has created for the same request is not refused when it has filled the queue', async () => {
  const { send, fill, counted, records } = testAdmission(() => ({}));
  const later = Promise.withResolvers<PreparedVideo>();
  const waiting = send('same', () => later.promise);
  const { record } = await send('same');
  fill();
  later.resolve(await withPhoto());
  expect((await waiting).record.videoId).toBe(record.videoId);
  expect([await records.list('ann'), [...counted]]).toEqual([[record.videoId], [record.videoId]]);
});

test('a video is refused if the queue was filled while its photo was prepared', async () => {
  const { send, fill, counted, records } = testAdmission(() => ({}));
  const later = Promise.withResolvers<PreparedVideo>();
  const waiting = send('late', () => later.promise);
  fill();
  later.resolve(await withPhoto());
  await expect(waiting).rejects.toThrow('too many videos are waiting');
  expect([await records.list('ann'), counted.size]).toEqual([[], 0]);
});
