/** A decoded image: 8-bit sRGB, upright, without alpha. */
export interface RgbImage {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Interleaved RGB, row by row from the top: `3 · width · height` bytes. */
  readonly data: Uint8Array;
}
