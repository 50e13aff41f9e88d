import { expect, test } from 'vitest';
import { createMemoryPipeline } from '../../testing/memory/pipeline.ts';
import { UnavailableError } from '../errors.ts';
import { Lifetime } from '../messages.ts';
import { deleteVideo } from '../video/video-changes.ts';
import { removeDeleted } from './remove-deleted.ts';

const maintenance = {
  purgeAcknowledged: () => Promise.resolve(0),
  trimHistories: () => Promise.resolve(0),
  removeMarkers: () => Promise.resolve(0),
  removePreview: () => Promise.resolve(),
};

test('deleted videos are removed although the files of one of them cannot be, which is said', async () => {
  const pipeline = createMemoryPipeline();
  const { records, table, artifacts } = pipeline;
  const ids = ['a', 'b', 'c'];
  for (const videoId of ids) {
    const { record } = await pipeline.add(videoId);
    if (videoId !== 'c') await records.update(record, (now) => deleteVideo(now, 0));
  }
  table.refresh();
  const list: typeof artifacts.list = (lifetime, videoId) =>
    videoId === 'a' ? Promise.reject(new UnavailableError('S3 is away')) : artifacts.list(lifetime, videoId);

  const broken = removeDeleted({ ...pipeline, maintenance, artifacts: { ...artifacts, list } });
  await expect(broken).rejects.toThrow('S3 is away');
  expect(await records.list('ann')).toEqual(['c', 'a']);
  expect(await artifacts.list(Lifetime.PHOTO)).toEqual(['a/photo', 'c/photo']);

  table.refresh();
  expect(await removeDeleted({ ...pipeline, maintenance })).toBe(1);
  expect(await records.list('ann')).toEqual(['c']);
});
