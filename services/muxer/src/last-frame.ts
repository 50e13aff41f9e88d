import sharp from 'sharp';

/** Frames on their way, of which the last one is kept: another video may go on from it. */
export interface LastFrame {
  follow(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
  /** The last frame that went by, as PNG. */
  png(): Promise<Uint8Array>;
}

/** @param size pixels of the frames, which are RGB. */
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
