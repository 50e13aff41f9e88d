import type { UNetArchitecture } from '../checkpoint/unet-config.ts';

/**
 * Where DeepCache divides the UNet. The modules of the down path are its resnets (with their transformers) and downsamplers,
 * numbered from the first one; those of the up path are its resnets, likewise. Branch `b` is the skip connection of the down
 * path's module `b`. A shallow pass computes the modules of the down path up to `b` and those of the up path from the one
 * that reads this skip connection. What enters that one is taken from the last full pass.
 */
export interface CachePoint {
  /** The number of modules of the down path that a shallow pass computes. */
  readonly downModules: number;
  /** The first module of the up path that a shallow pass computes. */
  readonly upFrom: number;
  /** Channels of the cached map. */
  readonly channels: number;
  /** How often the cached map's sides are halved from those of the latents. */
  readonly level: number;
}

/** The number of branches: the skip connections without that of `conv_in`. */
export const branchCount = ({ down }: UNetArchitecture): number =>
  down.reduce((sum, { transformerLayers }) => sum + transformerLayers.length + 1, 0) - 1;

/**
 * Finds the place of a branch.
 * @throws RangeError when the UNet has fewer branches
 */
export function cachePoint(architecture: UNetArchitecture, branch: number): CachePoint {
  const { up, mid } = architecture;
  const branches = branchCount(architecture);
  if (!Number.isInteger(branch) || branch < 0 || branch >= branches) {
    throw new RangeError(`there is no branch ${branch}; the UNet has 0 to ${branches - 1}`);
  }
  // The up path reads the skip connections from the last one to that of `conv_in`.
  const upFrom = branches - 1 - branch;
  let before = 0;
  for (const [i, { channels, transformerLayers }] of up.entries()) {
    const index = upFrom - before;
    if (index < transformerLayers.length) {
      const entering = index > 0 ? channels : (up[i - 1] ?? mid).channels;
      return { downModules: branch + 1, upFrom, channels: entering, level: up.length - 1 - i };
    }
    before += transformerLayers.length;
  }
  throw new RangeError(`the up path has no module ${upFrom}`);
}

/**
 * Returns whether a shallow pass computes the module with this path, such as `down_blocks.0.attentions.0.transformer_blocks.0`.
 */
export function isInShallowPass(architecture: UNetArchitecture, point: CachePoint): (path: string) => boolean {
  const starts = (counts: readonly number[]) => counts.map((_, i) => counts.slice(0, i).reduce((a, b) => a + b, 0));
  const down = starts(architecture.down.map(({ transformerLayers }) => transformerLayers.length + 1));
  const up = starts(architecture.up.map(({ transformerLayers }) => transformerLayers.length));
  return (path) => {
    const [, side, block, index] = /^(down|up)_blocks\.(\d+)\.\w+\.(\d+)\./.exec(path) ?? [];
    if (side === undefined) return false;
    const module = (side === 'down' ? down : up)[Number(block)]! + Number(index);
    return side === 'down' ? module < point.downModules : module >= point.upFrom;
  };
}
