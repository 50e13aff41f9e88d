import { z } from 'zod';

const channels = <Item extends z.ZodType>(item: Item) => z.tuple([item, item, item]);

/**
 * The part of `feature_extractor/preprocessor_config.json` that counts, with the defaults of transformers'
 * `CLIPImageProcessor`: mean and standard deviation of each channel, on pixels of 0…1. The SVD pipeline switches its
 * normalisation on and its resize, crop and rescale off, whatever the file says of them.
 */
export const clipNormalizationSchema = z.object({
  image_mean: channels(z.number()).default([0.48145466, 0.4578275, 0.40821073]),
  image_std: channels(z.number().positive()).default([0.26862954, 0.26130258, 0.27577711]),
});

export type ClipNormalization = z.output<typeof clipNormalizationSchema>;
