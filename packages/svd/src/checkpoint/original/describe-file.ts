import { CheckpointError } from '../checkpoint-error.ts';

/** What to do instead, at the end of a message. */
export const GET_WEIGHTS = 'npm run weights -- svd-xt downloads Stable Video Diffusion XT';

/** What a .safetensors file that is not a whole SVD is, and what to do. The first kind that matches is named. */
const OTHERS: readonly { readonly is: (names: readonly string[]) => boolean; readonly says: string }[] = [
  {
    is: (names) => names.some((name) => /lora_?(A|B|down|up)\b|\.lora\.(down|up)\b|_lora\.(down|up)\./.test(name)),
    says: 'this is a LoRA, not a whole model: give it with --lora beside a model',
  },
  {
    is: (names) => names.some((name) => /^model\.diffusion_model\.input_blocks\..*\.time_stack\./.test(name)),
    says: 'this is only a part of a Stable Video Diffusion checkpoint: take the file of about 4.8 or 9.6 GB',
  },
  {
    is: (names) => names.some((name) => name.startsWith('conditioner.embedders.1.model.')),
    says: 'this is an SDXL checkpoint, a model of images, not of videos',
  },
  {
    is: (names) => names.some((name) => name.startsWith('model.diffusion_model.')),
    says: 'this is a Stable Diffusion checkpoint of another class, not Stable Video Diffusion',
  },
  {
    is: (names) => names.some((name) => /^(down_blocks|up_blocks)\..*temporal_res_block/.test(name)),
    says: "this is only the UNet of a checkpoint in diffusers' layout: put it into unet/ of one, in place of the UNet there",
  },
  {
    is: (names) => names.some((name) => /^(down_blocks|up_blocks|encoder|decoder|vision_model)\./.test(name)),
    says: "this is only one component of a checkpoint in diffusers' layout: give the folder that has model_index.json",
  },
];

/**
 * Checks that a file has the UNet, the autoencoder with a temporal decoder, and the image encoder of SVD.
 * @throws CheckpointError that says what the file is and what to do
 */
export function refuseOtherFile(file: string, names: ReadonlySet<string>): void {
  const all = [...names];
  const missing = [
    ['UNet with temporal layers', /^model\.diffusion_model\.input_blocks\..*\.time_stack\./],
    ['autoencoder', /^first_stage_model\.decoder\./],
    ['image encoder', /^conditioner\.embedders\.\d+\.open_clip\.model\.visual\./],
  ].filter(([, pattern]) => !all.some((name) => (pattern as RegExp).test(name)));
  if (missing.length === 0) {
    if (names.has('first_stage_model.decoder.conv_out.time_mix_conv.weight')) return;
    throw new CheckpointError(
      `${file}: its autoencoder decodes each frame by itself (as in svd_image_decoder.safetensors), which is not supported: ` +
        `use the file without image_decoder in its name, or: ${GET_WEIGHTS}`,
    );
  }
  const other = OTHERS.find(({ is }) => is(all));
  const lacks = missing.map(([part]) => `no ${part as string}`).join(', ');
  throw new CheckpointError(
    `${file}: ${other?.says ?? `this is not a checkpoint of Stable Video Diffusion (it has ${lacks})`}. ${GET_WEIGHTS}`,
  );
}
