import { fileShape } from '@cinematica/pipeline';
import type { FileShape } from '@cinematica/pipeline';
import type { FileFormat } from '@cinematica/settings';

/** A file to make. */
export interface MediaOutput {
  readonly format: FileFormat;
  /** The path. An existing file is replaced once the new one is complete. */
  readonly file: string;
  /** Plays forwards and then backwards, so that it loops smoothly. Ignored for a poster. @default false */
  readonly boomerang?: boolean | undefined;
}

/** Describes the raw frames and the files to make of them. */
export interface MediaRequest {
  /** The size of the frames in pixels. */
  readonly width: number;
  readonly height: number;
  /** The size of the files in pixels; frames of another size are enlarged. Odd sizes become even. @default the frames' own */
  readonly outputWidth?: number | undefined;
  readonly outputHeight?: number | undefined;
  /** The number of frames. */
  readonly frames: number;
  /** The frame rate of the frames, per second. */
  readonly fps: number;
  /** The frame rate of the files. When it is higher than `fps`, frames are repeated. @default fps */
  readonly outputFps?: number | undefined;
  /** At least one file. */
  readonly outputs: readonly MediaOutput[];
  /** The settings for the metadata of the files. They must not contain private data. */
  readonly settings: Readonly<Record<string, unknown>>;
  /**
   * Adds content credentials to a file. A WebM file has no place for them.
   * @default files have none
   */
  readonly sign?: ((media: Uint8Array) => Promise<Uint8Array>) | undefined;
  /** The number of threads of each encoder. Another number changes the bytes of the files. @default 2 */
  readonly threads?: number | undefined;
  /** How long ffmpeg may make no progress while it has frames, milliseconds. @default 120_000 */
  readonly silenceMs?: number | undefined;
  /** Called with the fraction of the frames of all files that has been written, 0 to 1. @default does nothing */
  readonly onWritten?: ((fraction: number) => void) | undefined;
}

/** The request is invalid, or the number of frames is wrong. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
}

const SIDE = [1, 8192] as const;
const LIMITS = {
  width: SIDE,
  height: SIDE,
  outputWidth: SIDE,
  outputHeight: SIDE,
  frames: [1, 20_000],
  threads: [1, 64],
} as const;

/** @throws MediaError naming the field that is invalid. */
export function checkMediaRequest(request: MediaRequest): void {
  const { fps, outputFps = fps, outputs } = request;
  for (const [name, [min, max]] of Object.entries(LIMITS)) {
    const value = request[name as keyof typeof LIMITS];
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max)) {
      throw new MediaError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
    }
  }
  if (!(fps > 0 && fps <= 240)) throw new MediaError(`fps must be above 0 and at most 240, not ${fps}`);
  if (!(outputFps >= fps && outputFps <= 240)) {
    throw new MediaError(`the output's frame rate must be from the frames' own ${fps} to 240, not ${outputFps}`);
  }
  if (outputs.length === 0) throw new MediaError('at least one output is required');
  if (new Set(outputs.map(({ file }) => file)).size < outputs.length) {
    throw new MediaError('two outputs have the same file');
  }
}

/** The size, the number of frames and the frame rate of a file. */
export function shapeOf(request: MediaRequest, { format, boomerang }: Omit<MediaOutput, 'file'>): FileShape {
  const { width, height, outputWidth = width, outputHeight = height, frames, fps, outputFps = fps } = request;
  return fileShape({ width: outputWidth, height: outputHeight, frames, fps, outputFps }, format, boomerang);
}
