import { create } from '@bufbuild/protobuf';
import { createComputeSlot } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { float32ToBytes } from '@cinematica/protocol';
import { DenoiseRequestSchema } from '@cinematica/protocol/stages';
import { createModel, createRuntime } from '@cinematica/svd';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDenoiserService } from './service.ts';

const named = await openNamedCheckpoint(join(import.meta.dirname, '../../../test/golden/tiny/checkpoint'));
const [channels, height, width] = [4, 8, 16];
const zeros = (length: number) => float32ToBytes(new Float32Array(length));

test('a call gives back memory only while it holds the slot, so a refused one does not end the process of another', async () => {
  await using runtime = await createRuntime({ provider: 'cpu', threads: 1 });
  const slot = createComputeSlot();
  const whileHeld: boolean[] = [];
  const trim = () => {
    const release = slot.tryAcquire();
    whileHeld.push(!release);
    release?.();
  };
  const model = { ...createModel(named.checkpoint, runtime), ...named, trim, speed: { fastest: 1 }, fingerprint: '' };
  const service = createDenoiserService(model, slot);
  const denoise = async (modelDigest: string, signal: AbortSignal) => {
    const conditioning = {
      modelDigest,
      channels,
      height,
      width,
      imageEmbedding: zeros(named.checkpoint.imageEncoder.config.projection_dim),
      imageLatents: zeros(channels * height * width),
      previewMap: zeros((channels + 1) * 3),
    };
    const request = create(DenoiseRequestSchema, { conditioning, seed: 7, steps: 1, frames: 2 });
    const responses = service.denoise(request, { signal, deadline: null } as never)[Symbol.asyncIterator]();
    while (!(await responses.next()).done);
  };

  const never = new AbortController().signal;
  await expect(denoise('0'.repeat(64), never)).rejects.toThrow();
  await expect(denoise(named.digest, AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  expect(whileHeld).toEqual([]);
  await denoise(named.digest, never);
  expect(whileHeld).toEqual([true]);
});
