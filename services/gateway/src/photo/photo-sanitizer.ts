import { abortable } from '@cinematica/concurrency';
import { checkUpload } from './check-upload.ts';
import type { SanitizedPhoto } from './decode-photo.ts';
import { PhotoError, PhotoProcessError, PhotosWaitingError } from './photo-error.ts';
import { PHOTO_LIMITS } from './photo-limits.ts';
import type { PhotoLimits } from './photo-limits.ts';
import type { Answer } from './photo-messages.ts';
import { spawnPhotoProcess } from './photo-process.ts';
import type { PhotoProcess } from './photo-process.ts';
import { damagedError, timeoutError } from './photo-refusals.ts';
import { createSlots } from './slots.ts';
import type { PhotoFormat } from './sniff-format.ts';

/** Options of a sanitizer. */
export interface PhotoSanitizerOptions {
  /** Limits that replace those of {@link PHOTO_LIMITS}. Default: none. */
  readonly limits?: Partial<PhotoLimits>;
  /** The number of photo processes, each of which decodes one photo at a time and may use `maxMemory`. Default 1. */
  readonly processes?: number;
  /** The most photos that wait for a process. Their uploads stay in memory. Further photos are refused. Default 32. */
  readonly maxWaiting?: number;
}

/** Options for one photo. */
export interface SanitizeOptions {
  /** The media type that the sender declared. It appears only in the message of UNSUPPORTED_FORMAT. Default: none. */
  readonly declaredType?: string;
  /** Ends waiting and decoding. Default: none. */
  readonly signal?: AbortSignal;
}

/** Converts untrusted uploads to photos that are safe to store and to show. */
export interface PhotoSanitizer extends AsyncDisposable {
  /** The process ids of the running photo processes. */
  readonly pids: readonly number[];
  /** Starts the processes. @throws {@link PhotoProcessError} when they cannot be started. */
  ready(): Promise<void>;
  /**
   * Decodes an upload in a photo process and encodes it as a JPEG: upright, 8-bit sRGB, at most 2560 pixels on a side and 5 megapixels,
   * without metadata. Waits while all processes are busy.
   * @throws {@link PhotoError} when the photo cannot be used. Its message is for the sender.
   * @throws {@link PhotosWaitingError} when too many photos are waiting.
   * @throws {@link PhotoProcessError} when the processes cannot be started, or the sanitizer is closed.
   */
  sanitize(bytes: Uint8Array, options?: SanitizeOptions): Promise<SanitizedPhoto>;
}

/** One crash of a process may have another reason. A photo with which two processes crash is considered damaged. */
const ATTEMPTS = 2;

/** The time limit for the start of a process. Milliseconds. */
const START_MS = 60_000;

interface Slot {
  process: PhotoProcess | null;
}

/** Creates a sanitizer. Its processes start with `ready`, or with the first photo. */
export function createPhotoSanitizer(options: PhotoSanitizerOptions = {}): PhotoSanitizer {
  const limits: PhotoLimits = { ...PHOTO_LIMITS, ...options.limits };
  const { processes = 1, maxWaiting = 32 } = options;
  const all = Array.from({ length: processes }, (): Slot => ({ process: null }));
  const slots = createSlots(all);
  const closing = new AbortController();

  const discard = (slot: Slot): void => {
    slot.process?.kill();
    slot.process = null;
  };

  /** Returns the process of a slot, and starts it if necessary. Only the caller that took the slot uses it. */
  const start = async (slot: Slot, signal: AbortSignal): Promise<PhotoProcess> => {
    signal.throwIfAborted();
    if (slot.process?.alive) return slot.process;
    const process = spawnPhotoProcess(limits);
    slot.process = process;
    const deadline = AbortSignal.timeout(START_MS);
    try {
      await abortable(process.ready(), AbortSignal.any([signal, deadline]));
    } catch (cause) {
      discard(slot);
      if (!deadline.aborted || signal.aborted) throw cause;
      throw new PhotoProcessError('the photo process did not start in time', { cause });
    }
    return process;
  };

  const decode = async (process: PhotoProcess, bytes: Uint8Array, format: PhotoFormat, signal: AbortSignal) => {
    const deadline = AbortSignal.timeout(limits.timeoutMs);
    try {
      return await abortable(process.decode(bytes, format), AbortSignal.any([signal, deadline]));
    } catch (error) {
      if (deadline.aborted && !signal.aborted) throw timeoutError(limits.timeoutMs);
      throw error;
    }
  };

  const decodeIn = async (slot: Slot, bytes: Uint8Array, format: PhotoFormat, signal: AbortSignal) => {
    for (let attempt = 1; ; attempt += 1) {
      let started = false;
      try {
        const process = await start(slot, signal);
        started = true;
        const { answer, jpeg } = await decode(process, bytes, format, signal);
        if (answer.last) discard(slot);
        return resultOf(answer, jpeg);
      } catch (error) {
        // A process that has not finished its photo is killed, for example after an abort.
        if (!(error instanceof PhotoError) || error.reason === 'TIMEOUT') discard(slot);
        if (signal.aborted || !(error instanceof PhotoProcessError)) throw error;
        if (attempt === ATTEMPTS) throw started ? damagedError(error) : error;
      }
    }
  };

  return {
    get pids() {
      return all.flatMap(({ process }) => (process?.alive ? [process.pid] : []));
    },
    async ready() {
      await Promise.all(
        all.map(async () => {
          await slots.use((slot) => start(slot, closing.signal), closing.signal);
        }),
      );
    },
    async sanitize(bytes, { declaredType, signal: stop } = {}) {
      const signal = stop ? AbortSignal.any([stop, closing.signal]) : closing.signal;
      signal.throwIfAborted();
      const format = checkUpload(bytes, limits, declaredType);
      if (slots.waiting >= maxWaiting) throw new PhotosWaitingError(slots.waiting);
      return slots.use((slot) => decodeIn(slot, bytes, format, signal), signal);
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new PhotoProcessError('photos are no longer accepted: the service is stopping'));
      const running = all.flatMap(({ process }) => process ?? []);
      for (const process of running) process.kill();
      await Promise.all(running.map(({ gone }) => gone));
    },
  };
}

function resultOf(answer: Answer, jpeg: Uint8Array): SanitizedPhoto {
  if (answer.kind === 'refused') throw new PhotoError(answer.reason, answer.message, { cause: answer.cause });
  const { width, height, original, marks } = answer;
  return { jpeg, width, height, original, marks };
}
