import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { GET_WEIGHTS } from '../checkpoint/original/describe-file.ts';
import { refuseEightBit } from '../safetensors/refuse-eight-bit.ts';
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
 * @returns warnings about tensors that have no influence, one line each
 * @throws CheckpointError or SafetensorsError that names the tensor, when it is missing, unexpected, of an unsupported type or
 *   has another shape
 */
export function checkTensors(checkpoint: Checkpoint): string[] {
  const { unet, vae, imageEncoder } = checkpoint;
  for (const { weights } of [unet, vae, imageEncoder]) refuseEightBit(weights.tensors.values(), `; ${GET_WEIGHTS}`);
  const options = { createEmitter: emitterFor('cpu') };
  const side = 2 ** unet.architecture.down.length;
  const shape = { frames: 2, height: side, width: side };
  const { root: unetRoot } = denoiseGraphs(checkpoint, { ...shape, guidance: true }, options).step;
  const { root: clipRoot } = imageEncoderGraph(checkpoint, options);

  const vaeRoot = Scope.root(vae.weights);
  const pixels = side * vae.scaleFactor;
  vaeEncodeGraph(checkpoint, pixels, pixels, { ...options, root: vaeRoot });
  vaeDecodeGraph(checkpoint, shape, 'rgb8', { ...options, root: vaeRoot });
  return [
    unetRoot.checkUnused(),
    clipRoot.checkUnused((name) => UNUSED_CLIP_TENSORS.test(name)),
    vaeRoot.checkUnused(),
  ].filter((warning) => warning !== null);
}
