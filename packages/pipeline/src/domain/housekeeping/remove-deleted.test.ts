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

/** A pipeline in memory with videos, of which some are deleted. */
async function pipelineOf(ids: readonly string[], deleted: readonly string[]) {
  const pipeline = createMemoryPipeline();
  for (const videoId of ids) {
    const { record } = await pipeline.add(videoId);
    if (deleted.includes(videoId)) await pipeline.records.update(record, (now) => deleteVideo(now, 0));
  }
  pipeline.table.refresh();
  return pipeline;
}

test('deleted videos are removed although the files of one of them cannot be, which is said', async () => {
  const pipeline = await pipelineOf(['a', 'b', 'c'], ['a', 'b']);
  const { records, table, artifacts } = pipeline;
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

test('when its process stops to lead, the removal ends after the video that is being removed', async () => {
  const pipeline = await pipelineOf(['a', 'b', 'c'], ['a', 'b', 'c']);
  const stopping = new AbortController();
  const removePreview = (videoId: string) => {
    if (videoId === 'b') stopping.abort();
    return Promise.resolve();
  };
  const options = { ...pipeline, maintenance: { ...maintenance, removePreview } };
  expect(await removeDeleted(options, stopping.signal)).toBe(2);
  expect(await pipeline.records.list('ann')).toEqual(['c']);
});
