import { stat } from 'node:fs/promises';
import { CheckpointError, FASTER_QUALITIES, gpuMemoryNeeds, openCheckpoint, SafetensorsError } from '@cinematica/svd';
import type { Checkpoint, ExecutionProvider, LoraFile, NvidiaDevice } from '@cinematica/svd';
import { gibibytes, LEAST_MEMORY } from '../gpu/cuda-requirements.ts';
import { fault, readableBytes, good, note, warning } from './finding.ts';
import type { Finding, Section } from './finding.ts';
import { memoryOf } from './machine.ts';

/**
 * What a CPU's process needs beyond the weights, as measured for the small model, and the factor for copies of weights while
 * a graph is loaded, as measured for SVD-XT (docs/performance.md).
 */
const CPU_BASE = 1.5e9;
const CPU_FACTOR = 1.4;

/** What computes the model. */
export interface Computing {
  readonly provider: ExecutionProvider;
  /**
   * The GPU of CUDA or TensorRT; null for other providers, or when it is unknown. Without `memoryUsed`, the model is compared with
   * all of its memory.
   */
  readonly device: NvidiaDevice | null;
}

export async function examineModel(folder: string, loras: readonly LoraFile[], computing: Computing): Promise<Section> {
  const title = 'Model';
  try {
    const checkpoint = await openCheckpoint(folder, loras);
    const { card } = checkpoint;
    const files = new Set(
      [checkpoint.unet, checkpoint.vae, checkpoint.imageEncoder].flatMap(({ weights }) => weights.files),
    );
    const sizes = await Promise.all([...files].map(async (file) => (await stat(file)).size));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const { licence } = card;
    const [size] = card.sizes;
    return {
      title,
      findings: [
        good(
          card.title,
          `${folder}, ${readableBytes(bytes)}; ${size.width}×${size.height}, ${card.window} frames at once`,
        ),
        note('licence', [licence.name, licence.url].filter((part) => part !== undefined).join(': ')),
        ...qualitiesOf(checkpoint),
        fits(checkpoint, computing),
      ],
    };
  } catch (error) {
    if (!(error instanceof CheckpointError || error instanceof SafetensorsError)) throw error;
    const cure = 'choose another with --model; npm run weights -- svd-xt gets Stable Video Diffusion XT';
    return { title, findings: [fault('model', error.message, cure)] };
  }
}

/** The faster qualities that the model has, and what the others lack. */
function qualitiesOf({ card: { qualities = {}, lacking = {} } }: Checkpoint): Finding[] {
  const parts = FASTER_QUALITIES.flatMap((quality) =>
    qualities[quality] ? [quality] : lacking[quality] === undefined ? [] : [`not ${quality}: ${lacking[quality]}`],
  );
  return parts.length === 0 ? [] : [note('qualities', ['best', ...parts].join(', '))];
}

const elements = (weights: Checkpoint['unet']['weights']): number =>
  [...weights.tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

function fits(checkpoint: Checkpoint, { provider, device }: Computing): Finding {
  if (device !== null) return fitsGpu(checkpoint, device);
  if (provider === 'cpu') return fitsMachine(checkpoint);
  return note('fits', `not known for ${provider}: what a GPU’s memory must hold was measured with CUDA only`);
}

/** Compares the memory of the machine with the largest process, that of the UNet, which computes in float32. */
function fitsMachine({ unet }: Checkpoint): Finding {
  const { total, available } = memoryOf();
  const need = CPU_FACTOR * 4 * elements(unet.weights) + CPU_BASE;
  const text = `on the CPU it takes about ${readableBytes(need)}, more for large videos`;
  if (need > total) {
    return fault(
      'fits',
      `no: ${text}, and this machine has ${readableBytes(total)}`,
      'use a machine with more, or models/nano',
    );
  }
  if (need > available) {
    return warning('fits', `${text}, and ${readableBytes(available)} are free`, 'close other programs');
  }
  return good('fits', `yes: ${text}`);
}

/** Compares the free memory of the GPU with what the processes take for a video of the model's own size. */
function fitsGpu(checkpoint: Checkpoint, { memory, memoryUsed }: NvidiaDevice): Finding {
  const { usual, lowMemory } = gpuMemoryNeeds(checkpoint);
  const need = Math.max(LEAST_MEMORY, usual);
  const text = `encoder, denoiser and decoder share the GPU, and take about ${gibibytes(need)} of its memory`;
  if (memory === null) return good('fits', `yes: ${text}`);
  const free = memory - (memoryUsed ?? 0);
  const has = `it has ${gibibytes(memory)}${free < memory ? `, ${gibibytes(free)} free` : ''}`;
  if (need <= free) return good('fits', `yes: ${text}; ${has}`);
  if (Math.max(LEAST_MEMORY, lowMemory) <= free) {
    const low = `${gibibytes(lowMemory)} in the low-memory mode, which is used, and takes somewhat longer`;
    return note('fits', `yes: ${text}, or ${low}; ${has}`);
  }
  const cure = 'close what else uses the GPU, use smaller or shorter videos, another GPU, or --provider cpu';
  return warning('fits', `${text}; ${has}`, cure);
}
