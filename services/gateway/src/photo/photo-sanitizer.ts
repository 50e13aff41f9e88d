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

export interface PhotoSanitizerOptions {
  /** What differs from {@link PHOTO_LIMITS}. */
  readonly limits?: Partial<PhotoLimits>;
  /** Photos that are decoded at once, each in a process of its own; 1 if not given. Each may take `maxMemory`. */
  readonly processes?: number;
  /** Photos that may wait while others are decoded; 32 if not given. Each holds its upload. */
  readonly maxWaiting?: number;
}

export interface SanitizeOptions {
  /** What the sender calls the upload, such as `image/png`. What it is, its bytes tell: a wrong name does no harm. */
  readonly declaredType?: string;
  readonly signal?: AbortSignal;
}

/** Makes of hostile uploads photos that can be trusted. */
export interface PhotoSanitizer extends AsyncDisposable {
  /** The decoding processes that live now. */
  readonly pids: readonly number[];
  /** Starts the processes. @throws {@link PhotoProcessError} when decoding does not work here at all */
  ready(): Promise<void>;
  /**
   * Decodes the upload in a process of its own and encodes it anew: upright, 8-bit sRGB, at most 2048 pixels a side,
   * nothing but pixels. Waits for its turn where others are before it.
   *
   * @throws {@link PhotoError} the photo can't be used, in words for its sender
   * @throws {@link PhotosWaitingError} too many are waiting
   * @throws {@link PhotoProcessError} decoding does not work here at all
   */
  sanitize(bytes: Uint8Array, options?: SanitizeOptions): Promise<SanitizedPhoto>;
}

/** A crash may have come from outside; the photo that brings down two processes is at fault itself. */
const ATTEMPTS = 2;

/** A process that can't decode by then never will. */
const START_MS = 60_000;

interface Slot {
  process: PhotoProcess | null;
}

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

  /** Who holds a slot uses it alone: a process found in it has started long ago. */
  const start = async (slot: Slot, signal: AbortSignal): Promise<PhotoProcess> => {
    signal.throwIfAborted();
    if (slot.process?.alive) return slot.process;
    const process = spawnPhotoProcess(limits);
    slot.process = process;
    const deadline = AbortSignal.timeout(START_MS);
    try {
      await killedBy(AbortSignal.any([signal, deadline]), process, () => process.ready());
    } catch (cause) {
      discard(slot);
      if (!deadline.aborted || signal.aborted) throw cause;
      throw new PhotoProcessError('the process that decodes photos does not start', { cause });
    }
    return process;
  };

  const decode = async (process: PhotoProcess, bytes: Uint8Array, format: PhotoFormat, signal: AbortSignal) => {
    const deadline = AbortSignal.timeout(limits.timeoutMs);
    try {
      return await killedBy(AbortSignal.any([signal, deadline]), process, () => process.decode(bytes, format));
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
      closing.abort(new PhotoProcessError('photos are no longer taken: the service is stopping'));
      const left = all.flatMap(({ process }) => process ?? []);
      for (const process of left) process.kill();
      await Promise.all(left.map(({ gone }) => gone));
    },
  };
}

function resultOf(answer: Answer, jpeg: Uint8Array): SanitizedPhoto {
  if (answer.kind === 'refused') throw new PhotoError(answer.reason, answer.message, { cause: answer.cause });
  const { width, height, original } = answer;
  return { jpeg, width, height, original };
}

/** What the process does, unless the signal ends both first; then rejects with its reason. */
async function killedBy<T>(signal: AbortSignal, process: PhotoProcess, task: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const kill = (): void => {
    process.kill();
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    return await Promise.race([task(), promise]);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
