import { decodeChunks } from '@cinematica/svd';
import type { Checkpoint } from '@cinematica/svd';
import { denoiseGraphs, imageEncoderGraph, vaeDecodeGraph, vaeEncodeGraph } from '@cinematica/svd/internal';
import type { CreateEmitter } from '@cinematica/svd/internal';
import type { JobShape } from './jobs.ts';

/** Builds the graphs of a job, by the start of their keys in the runtime. For the decoder, that of the longest chunk. */
export function stageModels(
  checkpoint: Checkpoint,
  { width, height, frames, chunk }: JobShape,
  guidance: boolean,
  createEmitter: CreateEmitter,
): Readonly<Record<string, Uint8Array>> {
  const options = { createEmitter };
  const { scaleFactor } = checkpoint.vae;
  const size = { frames, height: height / scaleFactor, width: width / scaleFactor };
  const { step, condition } = denoiseGraphs(checkpoint, { ...size, guidance }, options);
  const [longest] = decodeChunks(frames, chunk);
  const count = longest?.count ?? frames;
  const drafts = {
    image_encoder: imageEncoderGraph(checkpoint, options),
    vae_encoder: vaeEncodeGraph(checkpoint, height, width, options),
    condition,
    step,
    [`vae_decoder ${count}x${size.height}`]: vaeDecodeGraph(checkpoint, { ...size, frames: count }, 'rgb8', options),
  };
  return Object.fromEntries(Object.entries(drafts).map(([name, { builder }]) => [name, builder.build()]));
}
