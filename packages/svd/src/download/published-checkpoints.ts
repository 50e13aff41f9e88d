/** A file of a published checkpoint. A missing size or digest is requested from the hub. */
export interface CheckpointFile {
  /** Path in the target folder, and in the repository unless `from` names another. */
  readonly path: string;
  /** Where the file is, if not in the repository of the checkpoint. */
  readonly from?: RepositoryFile;
  /** Size in bytes. */
  readonly bytes?: number;
  /** SHA-256 in lower-case hexadecimal digits. */
  readonly sha256?: string;
}

/** A repository on the Hugging Face hub. */
export interface Repository {
  /** `OWNER/NAME`. */
  readonly repository: string;
  /** A commit, whose files cannot change, or a branch. */
  readonly revision: string;
}

/** A file of a repository. */
export interface RepositoryFile extends Repository {
  readonly path: string;
}

/** The licence of a checkpoint or of some of its files. */
export interface Licence {
  readonly name: string;
  readonly url: string;
  readonly summary: readonly string[];
}

/** A checkpoint, or components for one, that can be downloaded by name: the files for inference. */
export interface PublishedCheckpoint extends Repository {
  readonly name: string;
  readonly title: string;
  /** All must be accepted. */
  readonly licences: readonly [Licence, ...Licence[]];
  /** The folder in `weights` that the files belong into. Default: the name. */
  readonly folder?: string;
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

const svdXtLicence: Licence = {
  ...community,
  url: 'https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt/blob/main/LICENSE.md',
};

const animateLcmLicence: Licence = {
  name: "AnimateLCM's UNet: no licence of its own; it was trained from Stable Video Diffusion XT, whose licence therefore holds",
  url: 'https://huggingface.co/wangfuyun/AnimateLCM-SVD-xt',
  summary: ["AnimateLCM's code has the MIT License. The page of the weights names no licence."],
};

const taesdLicence: Licence = {
  name: 'TAESD, the tiny autoencoder: MIT License',
  url: 'https://huggingface.co/madebyollin/taesd',
  summary: [],
};

const SVD_XT: Repository = {
  repository: 'stabilityai/stable-video-diffusion-img2vid-xt',
  revision: '9e43909513c6714f1bc78bcb44d96e733cd242aa',
};
const TAESD: Repository = {
  repository: 'madebyollin/taesd',
  revision: '614f76814bbe30edbe2e627ace1c2234c81a2c0e',
};
const ANIMATE_LCM = 'AnimateLCM-SVD-xt.safetensors';

/** AnimateLCM's UNet, in float32: it is not published in another precision. */
const animateLcmUNet = (folder: string): CheckpointFile => ({
  path: `${folder}/${ANIMATE_LCM}`,
  from: { repository: 'wangfuyun/AnimateLCM-SVD-xt', revision: 'main', path: ANIMATE_LCM },
  bytes: 6_098_682_464,
  sha256: '6ca55e35f29437e8a65e8a1a9ce75262d5bab3d4fe137bdc3f3a94512c54b377',
});

/** TAESD, which decodes the latents of Stable Diffusion 1 and 2. Those of SVD are the same. */
const taesd: readonly CheckpointFile[] = [
  {
    path: 'draft/vae/config.json',
    from: { ...TAESD, path: 'config.json' },
    sha256: '3ebefd1aa96ac474cc6430fe6ea81febccf7ee82461715691ee9315c884adeef',
  },
  {
    path: 'draft/vae/diffusion_pytorch_model.safetensors',
    from: { ...TAESD, path: 'diffusion_pytorch_model.safetensors' },
    bytes: 9_793_292,
    sha256: 'db169d69145ec4ff064e49d99c95fa05d3eb04ee453de35824a6d0f325513549',
  },
];

const unknown = (paths: readonly string[]): CheckpointFile[] => paths.map((path) => ({ path }));

/** The files of SVD-XT but its UNet. */
const svdXtFiles: readonly CheckpointFile[] = [
  { path: 'LICENSE.md', bytes: 11_852 },
  ...[496, 984, 607, 533, 685, 518].map((bytes, i) => ({ path: CONFIGS[i] ?? '', bytes })),
  { path: VAE, bytes: 195_531_910, sha256: 'af602cd0eb4ad6086ec94fbf1438dfb1be5ec9ac03fd0215640854e90d6463a3' },
  {
    path: IMAGE_ENCODER,
    bytes: 1_264_217_240,
    sha256: 'ae616c24393dd1854372b0639e5541666f7521cbe219669255e865cb7f89466a',
  },
];

const svdXtUNet: CheckpointFile = {
  path: UNET,
  bytes: 3_049_435_868,
  sha256: '9fbc02e90f37d422f5e3a4aeaee95f6629dc8c45ca211b951626e930daf2bddf',
};

/** The checkpoints that `npm run weights` can download. Sizes and digests are those of the Git LFS pointers. */
export const PUBLISHED_CHECKPOINTS: readonly PublishedCheckpoint[] = [
  {
    ...SVD_XT,
    name: 'svd-xt',
    title: 'Stable Video Diffusion XT (25 frames)',
    licences: [svdXtLicence],
    files: [...svdXtFiles, svdXtUNet],
  },
  {
    ...SVD_XT,
    name: 'draft',
    title: 'what the quality draft needs beside svd-xt: the UNet of AnimateLCM, and TAESD (6.1 GB)',
    folder: 'svd-xt',
    licences: [svdXtLicence, animateLcmLicence, taesdLicence],
    files: [...taesd, animateLcmUNet('draft/unet')],
  },
  {
    ...TAESD,
    name: 'taesd',
    title: 'what the quality draft needs beside animatelcm-svd-xt: TAESD (10 MB)',
    folder: 'animatelcm-svd-xt',
    licences: [taesdLicence],
    files: taesd,
  },
  {
    ...SVD_XT,
    name: 'animatelcm-svd-xt',
    title: 'AnimateLCM SVD-XT (25 frames, 4 steps), with TAESD for the quality draft',
    licences: [svdXtLicence, animateLcmLicence, taesdLicence],
    files: [...svdXtFiles, ...taesd, animateLcmUNet('unet')],
  },
  {
    name: 'svd',
    title: 'Stable Video Diffusion (14 frames)',
    repository: 'stabilityai/stable-video-diffusion-img2vid',
    revision: '9cf024d5bfa8f56622af86c884f26a52f6676f2e',
    licences: [
      {
        ...community,
        url: 'https://huggingface.co/stabilityai/stable-video-diffusion-img2vid/blob/main/LICENSE.md',
      },
    ],
    files: unknown(['LICENSE.md', ...CONFIGS, VAE, IMAGE_ENCODER, UNET]),
  },
  {
    name: 'svd-xt-1-1',
    title: 'Stable Video Diffusion XT 1.1 (25 frames; access must be requested on the hub)',
    repository: 'stabilityai/stable-video-diffusion-img2vid-xt-1-1',
    revision: 'main',
    licences: [
      {
        name: "Stability AI's licence for Stable Video Diffusion 1.1",
        url: 'https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt-1-1',
        summary: [
          'The terms are on the page above. The account of HF_TOKEN must accept them there.',
          'For commercial use see https://stability.ai/license.',
        ],
      },
    ],
    files: unknown([...CONFIGS, VAE, IMAGE_ENCODER, UNET]),
  },
];
