import sharp from 'sharp';

/** Passes frames on and keeps the last one, from which another video can continue. */
export interface LastFrame {
  follow(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
  /** The last frame, as PNG. */
  png(): Promise<Uint8Array>;
}

/** @param size the size of the frames, in pixels. They are RGB, 8 bits. */
export function keepLastFrame({ width, height }: { readonly width: number; readonly height: number }): LastFrame {
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
        .png()
        .toBuffer(),
  };
}
