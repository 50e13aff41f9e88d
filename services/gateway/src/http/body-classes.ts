import type { Counter } from 'prom-client';
import { JsonLimitError } from './json-limits.ts';
import { BodyError } from './receive-body.ts';
import type { BodyLimits } from './receive-body.ts';
import { createReceiveBudget } from './receive-budget.ts';
import type { ReceiveBudget } from './receive-budget.ts';
import { MAX_BATCH_SIZE, MAX_MESSAGE_BYTES, MAX_STREAM_BYTES, MAX_UPLOAD_BYTES } from '../rpc/limits.ts';

/** How the bodies of one class of requests are received. */
export interface BodyClass {
  readonly limits: BodyLimits;
  readonly budget: ReceiveBudget;
}

/** The classes of request bodies. RPCs and the OpenAI API share them, and so their memory. */
export interface BodyClasses {
  /** Photos, also from phones with a slow connection. At 8 kB/s, the minimum, 2.4 MB arrive before the deadline. */
  readonly upload: BodyClass;
  /** All other requests. */
  readonly message: BodyClass;
  /** Streams of several messages. The client may pause for up to a minute, because it answers responses. */
  readonly stream: BodyClass;
  /** Counts an error of a body by its reason. Other errors are not counted. */
  readonly countRefusal: (error: unknown) => void;
}

/** The largest legitimate request in JSON has four levels and about 40 fields. */
export const JSON_LIMITS = { maxDepth: 16, maxStructureBytes: 16_384, maxStringBytes: 16_384, maxLongStrings: 1 };

/** The same for a batch. */
export const BATCH_JSON_LIMITS = {
  ...JSON_LIMITS,
  maxStructureBytes: MAX_BATCH_SIZE * JSON_LIMITS.maxStructureBytes,
  maxLongStrings: MAX_BATCH_SIZE,
};

/** @param refusals counts refused bodies by reason. */
export const createBodyClasses = (refusals: Counter<'reason'>): BodyClasses => ({
  upload: {
    limits: { maxBytes: MAX_UPLOAD_BYTES, minBytesPerSecond: 8_000, graceMs: 10_000, deadlineMs: 300_000 },
    // While a body is parsed, up to four copies of it are in memory: chunks, one array, text, and the photo.
    budget: createReceiveBudget({ totalBytes: 80_000_000, clientBytes: 24_000_000, waitMs: 30_000 }),
  },
  message: {
    limits: { maxBytes: MAX_MESSAGE_BYTES, minBytesPerSecond: 1_000, graceMs: 5_000, deadlineMs: 10_000 },
    budget: createReceiveBudget({ totalBytes: 16_000_000, clientBytes: 4_000_000, waitMs: 10_000 }),
  },
  stream: {
    limits: { maxBytes: MAX_STREAM_BYTES, minBytesPerSecond: 0, graceMs: 60_000, deadlineMs: Infinity },
    budget: createReceiveBudget({ totalBytes: 32_000_000, clientBytes: 8_000_000, waitMs: 10_000 }),
  },
  countRefusal(error) {
    if (error instanceof BodyError) refusals.inc({ reason: error.refusal });
    if (error instanceof JsonLimitError) refusals.inc({ reason: 'json-shape' });
  },
});

/** The size in a `content-length` header. @returns null when the header is missing or malformed. */
export function declaredBytes(header: string | null | undefined): number | null {
  const length = Number(header ?? Number.NaN);
  return Number.isSafeInteger(length) && length >= 0 ? length : null;
}
