import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { VideoRecord } from '@cinematica/pipeline';

/** Whether a video was deleted and can't be brought back any more, whether or not it has been removed by now. */
export const isGone = ({ purgeTime }: VideoRecord): boolean =>
  purgeTime !== undefined && timestampMs(purgeTime) <= Date.now();
