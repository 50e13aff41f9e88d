import { BadRequestSchema, Code, reasonOf, RetryInfoSchema } from '@cinematica/protocol';
import type { RpcError } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { GraphError, ImageError, NotFiniteError, RuntimeCrashedError, SettingsError } from '@cinematica/svd';
import { expect, test } from 'vitest';
import { FailureReason, PipelineStage } from '../../domain/messages.ts';
import { OutOfMemoryError, UnusableInputError } from '../worker/stage-errors.ts';
import type { Inputs, StageHandler, StageHooks, StageTask } from '../worker/stage-handler.ts';
import { asRpcError, checkModel, explainFailures } from './errors.ts';

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

test('numbers that are not finite fail the video at once, with their own reason', async () => {
  const error = new NotFiniteError('vae_decoder');
  expect(await failure(error)).toBeInstanceOf(UnusableInputError);
  expect(await failure(error)).toMatchObject({ reason: FailureReason.NOT_FINITE, cause: error });
  const refusal = asRpcError(error) as RpcError;
  expect([refusal.code, reasonOf(refusal)]).toEqual([Code.INTERNAL, ErrorReason.NOT_FINITE]);
});

test('a call that the model rejects names the field of the request', () => {
  const refusal = asRpcError(new SettingsError('noiseAugStrength', 'must be at most 1, not 2')) as RpcError;
  expect([refusal.code, reasonOf(refusal)]).toEqual([Code.INVALID_ARGUMENT, ErrorReason.SETTING_UNSUPPORTED]);
  expect(refusal.find(BadRequestSchema)[0]?.fieldViolations).toMatchObject([
    { field: 'noise_aug_strength', description: 'must be at most 1, not 2' },
  ]);
  const image = asRpcError(new ImageError('the image: no photo')) as RpcError;
  expect(reasonOf(image)).toBe(ErrorReason.IMAGE_UNREADABLE);
  expect(image.find(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ field: 'image' }]);
  expect(() => checkModel('other', 'svd-xt', 'start.model')).toThrow(
    'start.model: this stage has loaded the model svd-xt',
  );
});

test('a call whose computing process has ended can be retried, and says when', () => {
  const refusal = asRpcError(new RuntimeCrashedError(crash)) as RpcError;
  expect([refusal.code, reasonOf(refusal)]).toEqual([Code.UNAVAILABLE, ErrorReason.UNAVAILABLE]);
  expect(refusal.find(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 5n } }]);
});
