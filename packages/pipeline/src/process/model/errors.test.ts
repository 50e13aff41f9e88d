import { GraphError, RuntimeCrashedError } from '@cinematica/svd';
import { expect, test } from 'vitest';
import { FailureReason, PipelineStage } from '../../domain/messages.ts';
import { OutOfMemoryError } from '../worker/stage-errors.ts';
import type { Inputs, StageHandler, StageHooks, StageTask } from '../worker/stage-handler.ts';
import { explainFailures } from './errors.ts';

const crash = { exitCode: null, signal: 'SIGKILL', request: 'run graph "unet"', peakRss: 2 ** 33, output: '' } as const;
const failure = (error: Error): Promise<unknown> => {
  const handler: StageHandler = { stage: PipelineStage.DENOISE, fingerprint: '', run: () => Promise.reject(error) };
  return explainFailures(handler)
    .run({} as StageTask, {} as Inputs, {} as StageHooks)
    .catch((thrown: unknown) => thrown);
};

test.each([
  new RuntimeCrashedError(crash),
  new GraphError('unet', 'failed', 'Failed to allocate memory for requested buffer of size 1073741824'),
  new GraphError('unet', 'failed', 'CUDA failure 2: out of memory ; GPU=0'),
  new GraphError('unet', 'failed', 'std::bad_alloc'),
])('recognises a lack of memory: %s', async (error) => {
  expect(await failure(error)).toBeInstanceOf(OutOfMemoryError);
  expect(await failure(error)).toMatchObject({ reason: FailureReason.OUT_OF_MEMORY, cause: error });
});

test.each([
  new RuntimeCrashedError({ ...crash, signal: 'SIGSEGV' }),
  new GraphError('unet', 'failed', 'Invalid input name'),
])('returns other errors unchanged: %s', async (error) => {
  expect(await failure(error)).toBe(error);
});
