import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { emitterFor } from './emitter-for.ts';
import { Scope } from '../nn/scope.ts';
import { vaeDecodeGraph } from './decode-graph.ts';
import { denoiseGraphs } from './denoise-graphs.ts';
import { imageEncoderGraph, vaeEncodeGraph } from './encode-graphs.ts';

/** Tensors of CLIP that the image encoder does not use: position ids, and the text model. */
const UNUSED_CLIP_TENSORS = /^(vision_model\.embeddings\.position_ids|logit_scale|text_model\..*|text_projection\..*)$/;

/**
 * Compares the names and shapes of a checkpoint's tensors with its configs. It builds every graph once at a small size, so
 * that an error shows when the checkpoint is opened, and not in the middle of a video.
 * @throws CheckpointError that names the tensor, when it is missing, unexpected or has another shape
 */
export function checkTensors(checkpoint: Checkpoint): void {
  const options = { createEmitter: emitterFor('cpu') };
  const side = 2 ** checkpoint.unet.architecture.down.length;
  const shape = { frames: 2, height: side, width: side };
  denoiseGraphs(checkpoint, { ...shape, guidance: true }, options).step.root.assertAllUsed();
  imageEncoderGraph(checkpoint, options).root.assertAllUsed((name) => UNUSED_CLIP_TENSORS.test(name));

  const vae = Scope.root(checkpoint.vae.weights);
  const pixels = side * checkpoint.vae.scaleFactor;
  vaeEncodeGraph(checkpoint, pixels, pixels, { ...options, root: vae });
  vaeDecodeGraph(checkpoint, shape, 'rgb8', { ...options, root: vae });
  vae.assertAllUsed();
}
