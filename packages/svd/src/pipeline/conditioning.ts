/** The conditioning of the denoiser, computed from a photo (about 150 kB at full size). */
export interface Conditioning {
  /** The CLIP embedding of the photo, `[projection_dim]`. */
  readonly imageEmbedding: Float32Array;
  /** The latents of the photo with its added noise, not scaled, `[channels, height, width]`. */
  readonly imageLatents: Float32Array;
  /** Channels, height and width of the latents. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** The linear map from latents to colors for previews, `[channels + 1, 3]`; see `fitPreviewMap`. */
  readonly previewMap: Float32Array;
}

/**
 * Returns the conditioning of the next segment: the latents of the last frame instead of those of the photo, and the same
 * embedding.
 * @param lastFrame the denoised latents of the last frame, `[channels, height, width]`
 * @param scalingFactor `scaling_factor` of the autoencoder; the conditioning is not scaled
 */
export function continueFrom(conditioning: Conditioning, lastFrame: Float32Array, scalingFactor: number): Conditioning {
  return { ...conditioning, imageLatents: lastFrame.map((value) => value / scalingFactor) };
}
