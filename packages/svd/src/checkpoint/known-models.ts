import { modelCardSchema } from './model-card.ts';
import type { ModelCardFile } from './model-card.ts';

/** A published checkpoint that is recognised by its UNet. */
export interface KnownModel {
  readonly card: ModelCardFile & { readonly name: string };
  /** Size and SHA-256 of the published UNet files, if they are known. */
  readonly unets: readonly { readonly bytes: number; readonly sha256: string }[];
}

const UNET_F16 = 3_049_435_868;
const UNET_F32 = 6_098_682_464;

const stability = {
  name: 'Stability AI Community License',
  url: 'https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt/blob/main/LICENSE.md',
  notice:
    'Powered by Stability AI. This Stability AI Model is licensed under the Stability AI Community License, ' +
    'Copyright © Stability AI Ltd. All Rights Reserved.',
};

/** The licence of SVD-XT 1.1 has its own page. */
const licence11 = {
  ...stability,
  url: 'https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt-1-1',
};

/** AnimateLCM is made for sampling without guidance, too. */
const UNGUIDED = { minGuidance: 1, maxGuidance: 1 } as const;

/** Settings of every checkpoint with the architecture of SVD-XT. */
const svdXt = {
  licence: stability,
  sizes: ['1024x576', '768x768'],
  multiple: 8,
  window: 25,
  decodeChunk: 8,
};

const animateLcm = {
  ...svdXt,
  sampler: 'animatelcm',
  // The defaults of AnimateLCM's own application (`animatelcm_svd/app.py`).
  defaults: {
    frames: 50,
    conditioningFps: 7,
    motionBucketId: 80,
    noiseAugStrength: 0.02,
    steps: 4,
    minGuidance: 1,
    maxGuidance: 1.2,
  },
  presets: { calm: { motionBucketId: 40 }, natural: {}, lively: { motionBucketId: 127, noiseAugStrength: 0.05 } },
  qualities: { draft: { components: ['vae'], settings: { ...UNGUIDED, frameInterval: 2 } } },
};

const svd = {
  ...svdXt,
  sampler: 'euler',
  samplers: ['ays'],
  // The defaults of diffusers' StableVideoDiffusionPipeline, but for `frames`.
  defaults: {
    frames: 50,
    conditioningFps: 7,
    motionBucketId: 127,
    noiseAugStrength: 0.02,
    steps: 25,
    minGuidance: 1,
    maxGuidance: 3,
  },
  presets: { calm: { motionBucketId: 60 }, natural: {}, lively: { motionBucketId: 190, noiseAugStrength: 0.05 } },
  qualities: {
    // DeepCache's own example has the interval 3; T-GATE leaves guidance off after step 10.
    fast: { settings: { cacheInterval: 3, guidanceSteps: 10 } },
    // AnimateLCM's UNet with its sampler, and a tiny autoencoder (TAESD) as the decoder.
    draft: {
      components: ['unet', 'vae'],
      sampler: 'animatelcm',
      settings: { steps: 4, ...UNGUIDED, frameInterval: 2 },
    },
  },
};

/** SVD makes 14 frames at once. Stability AI samples it with a lower guidance than SVD-XT (`svd.yaml`). */
const svd14 = { ...svd, window: 14, defaults: { ...svd.defaults, frames: 14, maxGuidance: 2.5 } };

/** The known checkpoints. Sizes and digests are those of the published Git LFS pointers. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  known({ ...svd, name: 'svd-xt', title: 'Stable Video Diffusion XT' }, [
    { bytes: UNET_F16, sha256: '9fbc02e90f37d422f5e3a4aeaee95f6629dc8c45ca211b951626e930daf2bddf' },
    { bytes: UNET_F32, sha256: '7783d82729af04f26ded4641a5952617fe331fc46add332fb9e47674fecc6ad7' },
  ]),
  known({ ...svd, name: 'svd-xt-1-1', title: 'Stable Video Diffusion XT 1.1', licence: licence11 }, []),
  known({ ...svd14, name: 'svd', title: 'Stable Video Diffusion' }, []),
  known({ ...animateLcm, name: 'animatelcm-svd-xt', title: 'AnimateLCM SVD-XT' }, [
    { bytes: UNET_F32, sha256: '6ca55e35f29437e8a65e8a1a9ce75262d5bab3d4fe137bdc3f3a94512c54b377' },
  ]),
  known({ ...animateLcm, name: 'animatelcm-svd-xt-1-1', title: 'AnimateLCM SVD-XT 1.1' }, [
    { bytes: UNET_F32, sha256: '94b2da1fcca8d03458ef0b07b94b4c55f94117cb0d90265c6c8452239ecc166e' },
  ]),
];

function known(card: { name: string } & Record<string, unknown>, unets: KnownModel['unets']): KnownModel {
  return { card: { ...modelCardSchema.parse(card), name: card.name }, unets };
}
