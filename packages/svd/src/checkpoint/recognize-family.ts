import { KNOWN_MODELS } from './known-models.ts';
import type { KnownModel } from './known-models.ts';
import type { ModelCardFile } from './model-card.ts';
import type { UNetArchitecture } from './unet-config.ts';

/** The published names of each checkpoint: those of its files, its repository and its folder in the Hugging Face cache. */
const NAMES: readonly { readonly card: string; readonly frames: number; readonly pattern: RegExp }[] = [
  { card: 'svd-xt-1-1', frames: 25, pattern: /(svd|img2vid)[-_ ]?xt[-_ ]?1[-_.]?1/i },
  { card: 'svd-xt', frames: 25, pattern: /(svd|img2vid)[-_ ]?xt/i },
  { card: 'svd', frames: 14, pattern: /svd|img2vid/i },
];

const CHANNELS = [320, 640, 1280, 1280].join();

/**
 * Finds the card for a UNet with the architecture of SVD whose file is not known. The tensors and configs of SVD-XT and
 * SVD-XT 1.1 differ in their values only, so the name of the file or folder decides. Another name is that of a model trained
 * from one of them: it has their settings and licence, and its own name.
 * @param path the path of the checkpoint
 * @returns null for another architecture
 */
export function recognizeFamily(
  path: string,
  { down, inChannels, mid, frames }: UNetArchitecture,
  models: readonly KnownModel[] = KNOWN_MODELS,
): ModelCardFile | null {
  const isSvd = down.map(({ channels }) => channels).join() === CHANNELS && inChannels === 8 && mid.contextDim === 1024;
  const last = path.split(/[/\\]/).slice(-4).reverse();
  // In the Hugging Face cache the folder is named by a commit, and the repository stands two folders above.
  const named = last
    .map((part) => NAMES.find(({ pattern }) => pattern.test(part)))
    .find((entry) => entry !== undefined);
  const byFrames = NAMES.findLast((entry) => entry.frames === frames);
  const entry = named?.frames === frames ? named : byFrames;
  const card = models.find((model) => model.card.name === entry?.card)?.card;
  if (!isSvd || !card) return null;
  return entry === named ? card : { ...card, name: undefined, title: undefined };
}
