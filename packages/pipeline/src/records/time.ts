import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';

/** Now, as records keep it. */
export const timestampNow = (): Timestamp => timestampFromMs(Date.now());
/** A moment in milliseconds since 1970; 0 where there is none. */
export const milliseconds = (time: Timestamp | undefined): number => (time ? timestampMs(time) : 0);
