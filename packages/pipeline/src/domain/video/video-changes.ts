import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { VideoState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { changed, unchanged } from '../ports/records.ts';
import type { Changed } from '../ports/records.ts';
import { timestampNow, toMilliseconds } from '../timestamps.ts';
import { dueTasks, isTerminal } from './routing.ts';
import { markReady } from './task-changes.ts';

/** Admits a queued video: its first task becomes ready. Changes nothing in any other video. */
export function admitVideo(record: VideoRecord): Changed<undefined> {
  if (record.state !== VideoState.QUEUED || record.purgeTime) return unchanged();
  record.state = VideoState.RUNNING;
  record.startTime = timestampNow();
  markReady(record, dueTasks(record));
  return changed();
}

/** Cancels a video that is queued or running. Changes nothing in a video that has ended. */
export function cancelVideo(record: VideoRecord): Changed<undefined> {
  if (isTerminal(record)) return unchanged();
  record.state = VideoState.CANCELLED;
  record.endTime = timestampNow();
  return changed();
}

/**
 * Marks a video as deleted. Changes nothing in a video that is deleted already.
 * @param undoWindow milliseconds during which the deletion can be undone.
 */
export function deleteVideo(record: VideoRecord, undoWindow: number): Changed<undefined> {
  if (record.purgeTime) return unchanged();
  record.purgeTime = timestampFromMs(Date.now() + undoWindow);
  delete record.share;
  return changed();
}

/** Undoes a deletion; a running video continues. Changes nothing when the undo window has ended. */
export function undeleteVideo(record: VideoRecord): Changed<undefined> {
  if (!record.purgeTime || toMilliseconds(record.purgeTime) <= Date.now()) return unchanged();
  delete record.purgeTime;
  return changed();
}
