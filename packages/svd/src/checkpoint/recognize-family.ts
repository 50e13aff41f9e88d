import { KNOWN_MODELS } from './known-models.ts';
import type { KnownModel } from './known-models.ts';
import type { ModelCardFile } from './model-card.ts';
import { publishedName } from './published-names.ts';
import type { UNetArchitecture } from './unet-config.ts';

const CHANNELS = [320, 640, 1280, 1280].join();

/**
 * Finds the card for a UNet with the architecture of SVD whose file is not known. The tensors and configs of SVD-XT,
 * SVD-XT 1.1 and AnimateLCM differ in their values only, so the name of the file or folder decides. Another name is that of a
 * model trained from SVD or SVD-XT: it has their settings and licence, and its own name.
 * @param path the path of the checkpoint
 * @returns null for another architecture
 */
export function recognizeFamily(
  path: string,
  { down, inChannels, mid, frames }: UNetArchitecture,
  models: readonly KnownModel[] = KNOWN_MODELS,
): ModelCardFile | null {
  const isSvd = down.map(({ channels }) => channels).join() === CHANNELS && inChannels === 8 && mid.contextDim === 1024;
  if (!isSvd) return null;
  const cardOf = (name: string | undefined) => models.find(({ card }) => card.name === name)?.card;
  const named = publishedName(path);
  if (named?.frames === frames) return cardOf(named.card) ?? null;
  const family = cardOf({ 14: 'svd', 25: 'svd-xt' }[frames]);
  return family ? { ...family, name: undefined, title: undefined } : null;
}
