import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { QualityComponents } from '../checkpoint/quality-components.ts';
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
 * Compares the names and shapes of a checkpoint's own tensors with its configs. It builds every graph once at a small size, so
 * that an error shows when the checkpoint is opened, and not in the middle of a video.
 * @returns warnings about tensors that have no influence, one line each
 * @throws CheckpointError or SafetensorsError that names the tensor, when it is missing, unexpected, of an unsupported type or
 *   has another shape
 */
export function checkTensors(checkpoint: Checkpoint): string[] {
  const { imageEncoder } = checkpoint;
  refuseEightBit(imageEncoder.weights.tensors.values(), `; ${GET_WEIGHTS}`);
  const { root: clipRoot } = imageEncoderGraph(checkpoint, options);
  return [
    checkUNet(checkpoint),
    clipRoot.checkUnused((name) => UNUSED_CLIP_TENSORS.test(name)),
    checkAutoencoder(checkpoint),
  ].filter((warning) => typeof warning === 'string');
}

/** Compares the tensors of a quality's components like {@link checkTensors}. */
export function checkComponents(checkpoint: Checkpoint, { unet, decoder }: QualityComponents): string[] {
  return [
    unet && checkUNet({ ...checkpoint, unet }),
    decoder && checkAutoencoder({ ...checkpoint, decoder, vae: { ...checkpoint.vae, ...decoder } }),
  ].filter((warning) => typeof warning === 'string');
}

const options = { createEmitter: emitterFor('cpu') };

/** The smallest latents that every level of a UNet can halve. */
const smallShape = ({ unet }: Checkpoint) => {
  const side = 2 ** unet.architecture.down.length;
  return { frames: 2, height: side, width: side };
};

function checkUNet(checkpoint: Checkpoint): string | null {
  refuseEightBit(checkpoint.unet.weights.tensors.values(), `; ${GET_WEIGHTS}`);
  return denoiseGraphs(checkpoint, { ...smallShape(checkpoint), guidance: true }, options).step.root.checkUnused();
}

/** Checks the encoder, too: its tensors belong to an autoencoder even if only the decoder is used. */
function checkAutoencoder(checkpoint: Checkpoint): string | null {
  const { vae } = checkpoint;
  refuseEightBit(vae.weights.tensors.values(), `; ${GET_WEIGHTS}`);
  const root = Scope.root(vae.weights);
  const shape = smallShape(checkpoint);
  const pixels = shape.height * vae.scaleFactor;
  vaeEncodeGraph(checkpoint, pixels, pixels, { ...options, root });
  vaeDecodeGraph(checkpoint, shape, 'rgb8', { ...options, root });
  return root.checkUnused();
}
