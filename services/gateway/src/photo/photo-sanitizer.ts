import { abortable, createFairSemaphore } from '@cinematica/concurrency';
import { createStanding } from '../callers/standing.ts';
import { checkUpload } from './check-upload.ts';
import type { SanitizedPhoto } from './decode-photo.ts';
import { PhotoError, PhotoProcessError, PhotosWaitingError } from './photo-error.ts';
import { PHOTO_LIMITS } from './photo-limits.ts';
import type { PhotoLimits } from './photo-limits.ts';
import type { Answer } from './photo-messages.ts';
import { createPhotoPool } from './photo-pool.ts';
import type { PhotoProcess } from './photo-process.ts';
import { damagedError, timeoutError } from './photo-refusals.ts';
import type { PhotoFormat } from './sniff-format.ts';

/** Options of a sanitizer. */
export interface PhotoSanitizerOptions {
  /** Limits that replace those of {@link PHOTO_LIMITS}. Default: none. */
  readonly limits?: Partial<PhotoLimits>;
  /**
   * The number of photos that are decoded at the same time, each in a process that may use `maxMemory`. One more process is
   * kept ready, and replaces one that is killed. Default 1.
   */
  readonly processes?: number;
  /** The most photos that wait for a process. Their uploads stay in memory. Further photos are refused. Default 32. */
  readonly maxWaiting?: number;
  /** How long a photo waits for a process. Milliseconds. Default 30 seconds. */
  readonly maxWaitMs?: number;
}

/** Options for one photo. */
export interface SanitizeOptions {
  /**
   * Whose photo it is: an address, or the owner of a key. Clients take turns, and those whose photos keep being refused come
   * last. Default: all photos without a client have the same one.
   */
  readonly client?: string;
  /** The media type that the sender declared. It appears only in the message of UNSUPPORTED_FORMAT. Default: none. */
  readonly declaredType?: string;
  /** Ends waiting and decoding. Default: none. */
  readonly signal?: AbortSignal;
  /** Called when the photo has waited for its turn, each time. Default: none. */
  readonly onTurn?: () => void;
}

/** Converts untrusted uploads to photos that are safe to store and to show. */
export interface PhotoSanitizer extends AsyncDisposable {
  /** The process ids of the running photo processes. */
  readonly pids: readonly number[];
  /** Starts the processes. @throws {@link PhotoProcessError} when they cannot be started. */
  ready(): Promise<void>;
  /**
   * Decodes an upload in a photo process and encodes it as a JPEG: upright, 8-bit sRGB, at most 2560 pixels on a side and 5 megapixels,
   * without metadata. Waits while all processes are busy. A photo of a client whose photos keep being refused waits for those of all
   * others, and is interrupted for them.
   * @throws {@link PhotoError} when the photo cannot be used. Its message is for the sender.
   * @throws {@link PhotosWaitingError} when too many photos are waiting, it waited too long, or it was interrupted too often.
   * @throws {@link PhotoProcessError} when the processes cannot be started, or the sanitizer is closed.
   */
  sanitize(bytes: Uint8Array, options?: SanitizeOptions): Promise<SanitizedPhoto>;
}

/** One crash of a process may have another reason. A photo with which two processes crash is considered damaged. */
const ATTEMPTS = 2;

/** A photo that is interrupted waits again, this often. */
const MAX_INTERRUPTIONS = 2;

interface Decoding {
  readonly client: string;
  /** Kills the process. */
  readonly interrupt: () => void;
}

/** Creates a sanitizer. Its processes start with `ready`, or with the first photo. */
export function createPhotoSanitizer(options: PhotoSanitizerOptions = {}): PhotoSanitizer {
  const limits: PhotoLimits = { ...PHOTO_LIMITS, ...options.limits };
  const { processes = 1, maxWaiting = 32, maxWaitMs = 30_000 } = options;
  const standing = createStanding();
  const turns = createFairSemaphore({
    permits: processes,
    maxWaiting,
    maxWaitMs,
    isLast: standing.isPoor,
    refuse: () => new PhotosWaitingError(),
  });
  const pool = createPhotoPool(processes + 1, limits);
  const running = new Set<Decoding>();
  const closing = new AbortController();

  const decode = async (process: PhotoProcess, bytes: Uint8Array, format: PhotoFormat, signal: AbortSignal) => {
    const deadline = AbortSignal.timeout(limits.timeoutMs);
    try {
      return await abortable(process.decode(bytes, format), AbortSignal.any([signal, deadline]));
    } catch (error) {
      if (deadline.aborted && !signal.aborted) throw timeoutError(limits.timeoutMs);
      throw error;
    }
  };

  const decodeInPool = async (bytes: Uint8Array, format: PhotoFormat, signal: AbortSignal) => {
    for (let attempt = 1; ; attempt += 1) {
      let process: PhotoProcess | null = null;
      try {
        process = await pool.take(signal);
        const { answer, jpeg } = await decode(process, bytes, format, signal);
        if (answer.last) pool.discard(process);
        else pool.giveBack(process);
        return resultOf(answer, jpeg);
      } catch (error) {
        // A process that has not finished its photo is killed, for example after an abort.
        if (process && (!(error instanceof PhotoError) || error.reason === 'TIMEOUT')) pool.discard(process);
        if (signal.aborted || !(error instanceof PhotoProcessError)) throw error;
        if (attempt === ATTEMPTS) throw process ? damagedError(error) : error;
      }
    }
  };

  /** While all processes decode, a photo of a client in poor standing makes room for one of another client. */
  const makeRoomFor = (client: string): void => {
    if (turns.free > 0 || standing.isPoor(client)) return;
    for (const decoding of running) {
      if (!standing.isPoor(decoding.client)) continue;
      decoding.interrupt();
      return;
    }
  };

  /** Decodes in the client's turn, and counts against it a photo that is refused or whose sender leaves. */
  const decodeFor = async (client: string, bytes: Uint8Array, format: PhotoFormat, stop: AbortSignal) => {
    const interruption = new AbortController();
    const decoding: Decoding = {
      client,
      interrupt: () => interruption.abort(new PhotosWaitingError()),
    };
    const begun = performance.now();
    running.add(decoding);
    try {
      return await decodeInPool(bytes, format, AbortSignal.any([stop, interruption.signal]));
    } catch (error) {
      if (error instanceof PhotoError || stop.aborted) standing.refused(client, performance.now() - begun);
      throw error;
    } finally {
      running.delete(decoding);
    }
  };

  return {
    get pids() {
      return pool.pids;
    },
    ready: () => pool.ready(closing.signal),
    async sanitize(bytes, { client = '', declaredType, signal: stop, onTurn } = {}) {
      const signal = stop ? AbortSignal.any([stop, closing.signal]) : closing.signal;
      signal.throwIfAborted();
      const format = checkUpload(bytes, limits, declaredType);
      for (let interruptions = 0; ; interruptions++) {
        makeRoomFor(client);
        const leave = await turns.acquire(client, signal);
        onTurn?.();
        try {
          return await decodeFor(client, bytes, format, signal);
        } catch (error) {
          if (!(error instanceof PhotosWaitingError) || interruptions === MAX_INTERRUPTIONS) throw error;
        } finally {
          leave();
        }
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new PhotoProcessError('photos are no longer accepted: the service is stopping'));
      await pool[Symbol.asyncDispose]();
    },
  };
}

function resultOf(answer: Answer, jpeg: Uint8Array): SanitizedPhoto {
  if (answer.kind === 'refused') throw new PhotoError(answer.reason, answer.message, { cause: answer.cause });
  const { width, height, original, marks } = answer;
  return { jpeg, width, height, original, marks };
}
