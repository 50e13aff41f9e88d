import { z } from 'zod';
import { count } from './read-config.ts';

/** Schema of `image_encoder/config.json`, with the defaults of transformers' `CLIPVisionConfig`. */
export const clipConfigSchema = z
  .object({
    architectures: z.array(z.string()).nullish(),
    hidden_size: count.default(768),
    intermediate_size: count.default(3072),
    projection_dim: count.default(512),
    num_hidden_layers: count.default(12),
    num_attention_heads: count.default(12),
    num_channels: z.literal(3).default(3),
    image_size: count.default(224),
    patch_size: count.default(32),
    hidden_act: z
      .enum(['gelu', 'quick_gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu', 'silu', 'swish'])
      .default('quick_gelu'),
    layer_norm_eps: z.number().positive().default(1e-5),
  })
  .refine(
    ({ architectures }) => architectures?.[0] === undefined || architectures[0] === 'CLIPVisionModelWithProjection',
    {
      message: 'only CLIPVisionModelWithProjection is supported',
      path: ['architectures'],
    },
  )
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    message: 'does not divide hidden_size',
    path: ['num_attention_heads'],
  });

export type ClipConfig = z.output<typeof clipConfigSchema>;
