import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';

/** The current time, in the form that records store. */
export const timestampNow = (): Timestamp => timestampFromMs(Date.now());

/** Milliseconds since 1970; 0 when the timestamp is absent. */
export const toMilliseconds = (time: Timestamp | undefined): number => (time ? timestampMs(time) : 0);
