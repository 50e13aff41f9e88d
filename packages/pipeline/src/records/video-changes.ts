import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { VideoState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { dueTasks, isTerminal } from '../routing.ts';
import { markReady } from './task-changes.ts';
import { milliseconds, timestampNow } from './time.ts';

/** Lets a video in: its first task becomes ready. @returns whether it was waiting. */
export function admitVideo(record: VideoRecord): boolean {
  if (record.state !== VideoState.QUEUED || record.purgeTime) return false;
  record.state = VideoState.RUNNING;
  record.startTime = timestampNow();
  markReady(record, dueTasks(record));
  return true;
}

/** Cancels a video, whatever it is doing. @returns whether it was not finished yet. */
export function cancelVideo(record: VideoRecord): boolean {
  if (isTerminal(record)) return false;
  record.state = VideoState.CANCELLED;
  record.endTime = timestampNow();
  return true;
}

/** Marks a video as deleted; it can be brought back for `undo` milliseconds. @returns whether it was not yet. */
export function deleteVideo(record: VideoRecord, undo: number): boolean {
  if (record.purgeTime) return false;
  record.purgeTime = timestampFromMs(Date.now() + undo);
  delete record.share;
  return true;
}

/** Brings a deleted video back; what was running goes on. @returns whether it was deleted, and not for good yet. */
export function undeleteVideo(record: VideoRecord): boolean {
  if (!record.purgeTime || milliseconds(record.purgeTime) <= Date.now()) return false;
  delete record.purgeTime;
  return true;
}
