import { expect, test } from 'vitest';
import { createMemoryPipeline } from '../../testing/memory/pipeline.ts';
import { PipelineStage, TaskState } from '../messages.ts';
import { changed } from '../ports/records.ts';
import { findTask } from '../video/routing.ts';
import { createQueueView } from './queue-view.ts';

test('tasks are due when their inputs exist, and those of videos that wait are not', async () => {
  const pipeline = createMemoryPipeline();
  const queue = createQueueView(pipeline.table);
  await pipeline.add('waiting');
  const video = await pipeline.add('started', { plan: { segments: 3 } });
  pipeline.table.refresh();
  expect(queue.due()).toEqual({ encode: 0, denoise: 0, decode: 0, mux: 0 });
  await pipeline.admit(video.record);
  pipeline.table.refresh();
  expect(queue.due()).toEqual({ encode: 1, denoise: 0, decode: 0, mux: 0 });
  await pipeline.records.update(video.record, (record) => {
    findTask(record, { stage: PipelineStage.ENCODE, segment: 0 })!.state = TaskState.DONE;
    for (const segment of [0, 1]) findTask(record, { stage: PipelineStage.DENOISE, segment })!.state = TaskState.DONE;
    return changed();
  });
  pipeline.table.refresh();
  expect(queue.due()).toEqual({ encode: 0, denoise: 1, decode: 2, mux: 0 });
  expect(queue.backlog()).toEqual({ encode: 1, denoise: 2, decode: 4, mux: 2 });
  queue.close();
});
