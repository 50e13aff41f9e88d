import { expect, test } from 'vitest';
import { parseExecutionProvider, providerCandidates } from './execution-provider.ts';

test('parses the names of the providers; an empty setting means auto', () => {
  expect(parseExecutionProvider(undefined)).toBe('auto');
  expect(parseExecutionProvider(' ')).toBe('auto');
  expect(parseExecutionProvider(' CUDA ')).toBe('cuda');
  expect(() => parseExecutionProvider('gpu')).toThrow(
    'EXECUTION_PROVIDER="gpu" is none of auto, cuda, tensorrt, webgpu, coreml, cpu',
  );
  expect(() => parseExecutionProvider('x', '--provider')).toThrow('--provider="x" is none of');
});

test('only auto has a fallback', () => {
  expect(providerCandidates('auto', { platform: 'linux' })).toEqual(['cuda', 'cpu']);
  expect(providerCandidates('auto', { platform: 'darwin', webgpu: true })).toEqual(['coreml', 'webgpu', 'cpu']);
  expect(providerCandidates('webgpu', { platform: 'linux' })).toEqual(['webgpu']);
});
