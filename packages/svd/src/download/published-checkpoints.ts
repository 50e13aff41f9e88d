/** A file of a published checkpoint. A missing size or digest is requested from the hub. */
export interface CheckpointFile {
  /** Path in the repository, and in the target folder. */
  readonly path: string;
  /** Size in bytes. */
  readonly bytes?: number;
  /** SHA-256 in lower-case hexadecimal digits. */
  readonly sha256?: string;
}

/** A checkpoint that can be downloaded by name: its files for inference, in half precision. */
export interface PublishedCheckpoint {
  readonly name: string;
  readonly title: string;
  /** The repository on the Hugging Face hub. */
  readonly repository: string;
  /** A commit, whose files cannot change, or a branch. */
  readonly revision: string;
  readonly licence: { readonly name: string; readonly url: string; readonly summary: readonly string[] };
  /** Small files first, so that a problem with the connection or the access shows early. */
  readonly files: readonly CheckpointFile[];
}

const community = {
  name: 'Stability AI Community License Agreement (5 July 2024)',
  summary: [
    'Research, non-commercial and commercial use are free below US$ 1 million of yearly revenue; commercial users register with Stability AI.',
    'Passing the model on, or a product built on it, needs a copy of the agreement, its notice, and "Powered by Stability AI" shown prominently.',
    "Stability AI's Acceptable Use Policy holds. Neither the model nor its videos may be used to make another foundational generative model.",
    'The videos are yours.',
  ],
};

const CONFIGS = [
  'model_index.json',
  'unet/config.json',
  'vae/config.json',
  'scheduler/scheduler_config.json',
  'image_encoder/config.json',
  'feature_extractor/preprocessor_config.json',
];
const VAE = 'vae/diffusion_pytorch_model.fp16.safetensors';
const IMAGE_ENCODER = 'image_encoder/model.fp16.safetensors';
const UNET = 'unet/diffusion_pytorch_model.fp16.safetensors';
const unknown = (paths: readonly string[]): CheckpointFile[] => paths.map((path) => ({ path }));

/** The checkpoints that `npm run weights` can download. Sizes and digests are those of the Git LFS pointers. */
export const PUBLISHED_CHECKPOINTS: readonly PublishedCheckpoint[] = [
  {
    name: 'svd-xt',
    title: 'Stable Video Diffusion XT (25 frames)',
    repository: 'stabilityai/stable-video-diffusion-img2vid-xt',
    revision: '9e43909513c6714f1bc78bcb44d96e733cd242aa',
    licence: {
      ...community,
      url: 'https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt/blob/main/LICENSE.md',
    },
    files: [
      { path: 'LICENSE.md', bytes: 11_852 },
      ...[496, 984, 607, 533, 685, 518].map((bytes, i) => ({ path: CONFIGS[i] ?? '', bytes })),
      { path: VAE, bytes: 195_531_910, sha256: 'af602cd0eb4ad6086ec94fbf1438dfb1be5ec9ac03fd0215640854e90d6463a3' },
      {
        path: IMAGE_ENCODER,
        bytes: 1_264_217_240,
        sha256: 'ae616c24393dd1854372b0639e5541666f7521cbe219669255e865cb7f89466a',
      },
      { path: UNET, bytes: 3_049_435_868, sha256: '9fbc02e90f37d422f5e3a4aeaee95f6629dc8c45ca211b951626e930daf2bddf' },
    ],
  },
  {
    name: 'svd',
    title: 'Stable Video Diffusion (14 frames)',
    repository: 'stabilityai/stable-video-diffusion-img2vid',
    revision: '9cf024d5bfa8f56622af86c884f26a52f6676f2e',
    licence: {
      ...community,
      url: 'https://huggingface.co/stabilityai/stable-video-diffusion-img2vid/blob/main/LICENSE.md',
    },
    files: unknown(['LICENSE.md', ...CONFIGS, VAE, IMAGE_ENCODER, UNET]),
  },
  {
    name: 'svd-xt-1-1',
    title: 'Stable Video Diffusion XT 1.1 (25 frames; access must be requested on the hub)',
    repository: 'stabilityai/stable-video-diffusion-img2vid-xt-1-1',
    revision: 'main',
    licence: {
      name: "Stability AI's licence for Stable Video Diffusion 1.1",
      url: 'https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt-1-1',
      summary: [
        'The terms are on the page above. The account of HF_TOKEN must accept them there.',
        'For commercial use see https://stability.ai/license.',
      ],
    },
    files: unknown([...CONFIGS, VAE, IMAGE_ENCODER, UNET]),
  },
];
