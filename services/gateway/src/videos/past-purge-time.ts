import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { VideoRecord } from '@cinematica/pipeline';

/** Whether the deletion of a video can no longer be undone. The record may still exist until the housekeeper purges it. */
export const isPastPurgeTime = ({ purgeTime }: VideoRecord): boolean =>
  purgeTime !== undefined && timestampMs(purgeTime) <= Date.now();
