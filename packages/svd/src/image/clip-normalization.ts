import { z } from 'zod';

const channels = <Item extends z.ZodType>(item: Item) => z.tuple([item, item, item]);

/**
 * Schema of `feature_extractor/preprocessor_config.json` with the defaults of transformers' `CLIPImageProcessor`: mean and
 * standard deviation of each channel for pixels in 0…1. diffusers' SVD pipeline always normalises, and never resizes, crops
 * or rescales with this class, so the other fields have no effect.
 */
export const clipNormalizationSchema = z.object({
  image_mean: channels(z.number()).default([0.48145466, 0.4578275, 0.40821073]),
  image_std: channels(z.number().positive()).default([0.26862954, 0.26130258, 0.27577711]),
});

export type ClipNormalization = z.output<typeof clipNormalizationSchema>;
