import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { emitterFor } from './emitter-for.ts';
import { Scope } from '../nn/scope.ts';
import { vaeDecodeGraph } from './decode-graph.ts';
import { denoiseGraphs } from './denoise-graphs.ts';
import { imageEncoderGraph, vaeEncodeGraph } from './encode-graphs.ts';

/** What an image encoder's file may hold beside the vision tower: row numbers, and CLIP's other half. */
const BESIDE_VISION = /^(vision_model\.embeddings\.position_ids|logit_scale|text_model\..*|text_projection\..*)$/;

/**
 * Draws every graph once at a small size, so that a tensor that is missing, surplus or of another shape is found when a
 * checkpoint is opened and not after an hour.
 * @throws CheckpointError naming the tensor and what was expected.
 */
export function checkTensors(checkpoint: Checkpoint): void {
  const options = { createEmitter: emitterFor('cpu') };
  const side = 2 ** checkpoint.unet.architecture.down.length;
  const shape = { frames: 2, height: side, width: side };
  denoiseGraphs(checkpoint, { ...shape, guidance: true }, options).step.root.assertNothingLeft();
  imageEncoderGraph(checkpoint, options).root.assertNothingLeft((name) => BESIDE_VISION.test(name));

  const vae = Scope.root(checkpoint.vae.weights);
  const pixels = side * checkpoint.vae.scaleFactor;
  vaeEncodeGraph(checkpoint, pixels, pixels, { ...options, root: vae });
  vaeDecodeGraph(checkpoint, shape, 'rgb8', { ...options, root: vae });
  vae.assertNothingLeft();
}
