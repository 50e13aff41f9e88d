import { expect, test, vi } from 'vitest';
import { createMemoryPipeline } from '../../testing/memory/pipeline.ts';
import { expire } from './expire.ts';

test('a video is deleted when its retention has ended', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  try {
    const pipeline = createMemoryPipeline();
    const { record } = await pipeline.add('old');
    // The videos of the test are kept for an hour.
    vi.setSystemTime(Date.now() + 3_500_000);
    await pipeline.add('new');
    pipeline.table.refresh();
    expect(await expire(pipeline)).toBe(0);
    vi.setSystemTime(Date.now() + 200_000);
    expect(await expire(pipeline)).toBe(1);
    expect(pipeline.table.videos.get('new')?.record.purgeTime).toBeUndefined();
    expect((await pipeline.records.get(record))?.record.purgeTime).toBeDefined();
    expect(await expire(pipeline)).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
