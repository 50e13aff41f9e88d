/** The format of a file: H.264 in mp4, VP9 in WebM, an animated WebP, or the first frame as a WebP image. */
export type MediaFormat = 'mp4' | 'webm' | 'webp' | 'poster';

/** A file to make. */
export interface MediaOutput {
  readonly format: MediaFormat;
  /** The path. An existing file is replaced once the new one is complete. */
  readonly file: string;
  /** Plays forwards and then backwards, so that it loops smoothly. Ignored for a poster. @default false */
  readonly boomerang?: boolean | undefined;
}

/** Describes the raw frames and the files to make of them. */
export interface MediaRequest {
  /** The size of the frames in pixels. For odd sizes the files repeat the last column or row. */
  readonly width: number;
  readonly height: number;
  /** The number of frames. */
  readonly frames: number;
  /** The frame rate of the frames, per second. */
  readonly fps: number;
  /** The frame rate of the files. When it is higher than `fps`, frames are interpolated along the motion. @default fps */
  readonly outputFps?: number | undefined;
  /** At least one file. */
  readonly outputs: readonly MediaOutput[];
  /** The settings for the metadata of the files. They must not contain private data. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The number of threads of each encoder. Another number changes the bytes of the files. @default 2 */
  readonly threads?: number | undefined;
  /** How long ffmpeg may make no progress while it has frames, milliseconds. @default 120_000 */
  readonly silenceMs?: number | undefined;
}

/** The request is invalid, or the number of frames is wrong. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
}

const LIMITS = { width: [1, 8192], height: [1, 8192], frames: [1, 10_000], threads: [1, 64] } as const;

/** @throws MediaError naming the field that is invalid. */
export function checkMediaRequest(request: MediaRequest): void {
  const { fps, outputFps = fps, outputs } = request;
  for (const [name, [min, max]] of Object.entries(LIMITS)) {
    const value = request[name as keyof typeof LIMITS];
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max)) {
      throw new MediaError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
    }
  }
  if (!(fps >= 1 && fps <= 240)) throw new MediaError(`fps must be from 1 to 240, not ${fps}`);
  if (!(outputFps >= fps && outputFps <= 240)) {
    throw new MediaError(`the output's frame rate must be from the frames' own ${fps} to 240, not ${outputFps}`);
  }
  if (outputs.length === 0) throw new MediaError('at least one output is required');
  if (new Set(outputs.map(({ file }) => file)).size < outputs.length) {
    throw new MediaError('two outputs have the same file');
  }
}

/** The width or height of the files. Video with subsampled chroma needs even numbers. */
export const evenSize = (pixels: number): number => pixels + (pixels % 2);

/** Whether frames are interpolated. */
export const interpolates = ({ frames, fps, outputFps = fps }: MediaRequest): boolean => frames > 1 && outputFps > fps;

/** The frame rate of the files. */
export const fileFps = (request: MediaRequest): number =>
  interpolates(request) ? (request.outputFps ?? request.fps) : request.fps;

/**
 * The number of frames of a file. A boomerang is one whole period: its end frames are not doubled, and its last frame is
 * followed by its first.
 */
export function fileFrames(request: MediaRequest, { format, boomerang }: Omit<MediaOutput, 'file'>): number {
  const { frames, fps } = request;
  if (format === 'poster' || frames === 1) return 1;
  const rate = fileFps(request) / fps;
  return boomerang ? Math.round(2 * (frames - 1) * rate) : Math.floor((frames - 1) * rate + 1e-9) + 1;
}
