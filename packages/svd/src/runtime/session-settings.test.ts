import { expect, test } from 'vitest';
import { ortSessionOptions, resolveSessionOptions } from './session-settings.ts';

test('by default, sessions do not spin; external data is read from the folder of the graph', () => {
  const settings = resolveSessionOptions({ threads: 3, config: { 'session.disable_prepacking': '1' } });
  expect(ortSessionOptions('cpu', settings, { key: 'unet', folder: '/weights' })).toEqual({
    executionProviders: ['cpu'],
    enableMemPattern: true,
    intraOpNumThreads: 3,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: {
      'session.intra_op.allow_spinning': '0',
      'session.model_external_initializers_file_folder_path': '/weights',
      'session.disable_prepacking': '1',
    },
  });
});

test('cuda and tensorrt keep weights out of the arena, and the profile has the key of the graph in its name', () => {
  const settings = resolveSessionOptions({ profilePrefix: '/tmp/p' });
  const unet = { key: 'unet', folder: null };
  expect(ortSessionOptions('cuda', settings, unet)).toMatchObject({
    executionProviders: ['cuda'],
    enableMemPattern: false,
    extra: { 'session.use_device_allocator_for_initializers': '1' },
  });
  expect(ortSessionOptions('tensorrt', settings, unet)).toMatchObject({
    executionProviders: ['tensorrt', 'cuda'],
    enableProfiling: true,
    profileFilePrefix: '/tmp/p-unet',
  });
});

test('invalid options are rejected', () => {
  expect(() => resolveSessionOptions({ threads: 0 })).toThrow('threads must be 1 or more, not 0');
});
