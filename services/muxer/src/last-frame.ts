import sharp from 'sharp';

/** Passes frames on and keeps the last one, from which another video can continue. */
export interface LastFrame {
  follow(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
  /** The last frame in the size of the files, as PNG. */
  png(): Promise<Uint8Array>;
}

/** The size of frames, and of the files if that is another one, in pixels. */
interface LastFrameSize {
  readonly width: number;
  readonly height: number;
  readonly outputWidth?: number | undefined;
  readonly outputHeight?: number | undefined;
}

/** Keeps the last of frames, which are RGB, 8 bits. */
export function keepLastFrame(size: LastFrameSize): LastFrame {
  const { width, height, outputWidth = width, outputHeight = height } = size;
  let last = new Uint8Array();
  return {
    async *follow(frames) {
      for await (const piece of frames) {
        last = piece.slice(-width * height * 3);
        yield piece;
      }
    },
    png: () =>
      sharp(last, { raw: { width, height, channels: 3 } })
        .resize(outputWidth, outputHeight, { fit: 'fill', kernel: 'lanczos3' })
        .png()
        .toBuffer(),
  };
}
