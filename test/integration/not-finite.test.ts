import { join } from 'node:path';
import { FailureReason, PipelineStage, VideoState } from '@cinematica/pipeline';
import { alterCheckpoint } from '@cinematica/svd/testing';
import { expect, test } from 'vitest';
import { fieldPhoto } from '../support/field-photo.ts';
import { startStageSystem } from '../support/stage-system.ts';

const MODEL = join(import.meta.dirname, '../golden/tiny-xt/checkpoint');
const VAE = 'vae/diffusion_pytorch_model.fp16.safetensors';

test('a model with NaN in its decoder makes no black video: the video fails at once, with its own reason', async () => {
  await using model = await alterCheckpoint(MODEL, VAE, { 'decoder.conv_in.bias': NaN });
  await using system = await startStageSystem(model.folder);
  const ref = await system.create(await fieldPhoto(), { width: 128, height: 64, frames: 2, steps: 1, seed: 7 });
  const { record } = await system.finished(ref);
  expect(record.state).toBe(VideoState.FAILED);
  expect(record.failure).toMatchObject({
    stage: PipelineStage.DECODE,
    reason: FailureReason.NOT_FINITE,
    permanent: true,
  });
  expect(record.failure?.message).toMatch(
    /^the model's vae decoder returned numbers that are not finite .*: choose another model/,
  );
  expect(record.tasks.find(({ stage }) => stage === PipelineStage.DECODE)?.attempt).toBe(1);
  const metrics = await (await fetch(new URL('/metrics', system.metricsUrl('decoder')))).text();
  expect(metrics).toMatch(/cinematica_not_finite_total\{.*part="vae_decoder",outcome="failed".*\} 1/);
  expect(system.lines.join('\n')).toMatch(/"decoder".*the model returned numbers that are not finite/);
});
