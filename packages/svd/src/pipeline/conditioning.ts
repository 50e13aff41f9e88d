/** What the denoiser and the preview need of a photo: a few kilobytes. */
export interface Conditioning {
  /** CLIP's embedding, `[projection_dim]`. */
  readonly imageEmbedding: Float32Array;
  /** The photo's latents with their noise, not scaled, `[channels, height, width]`. */
  readonly imageLatents: Float32Array;
  readonly channels: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
  /** See `fitPreviewMap`: `[channels + 1, 3]`. */
  readonly previewMap: Float32Array;
}

/**
 * The conditioning of the segment that follows: it starts from the last frame's latents as they are, and keeps the
 * photo's own embedding.
 * @param lastFrame the last frame's denoised latents, `[channels, height, width]`.
 */
export function continueFrom(conditioning: Conditioning, lastFrame: Float32Array, scalingFactor: number): Conditioning {
  return { ...conditioning, imageLatents: lastFrame.map((value) => value / scalingFactor) };
}
