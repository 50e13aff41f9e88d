import { expect, test } from 'vitest';
import { parseExecutionProvider, providerCandidates } from './execution-provider.ts';

test('the setting is one of the known names, auto when nothing is said', () => {
  expect(parseExecutionProvider(undefined)).toBe('auto');
  expect(parseExecutionProvider(' ')).toBe('auto');
  expect(parseExecutionProvider(' CUDA ')).toBe('cuda');
  expect(() => parseExecutionProvider('gpu')).toThrow(
    'EXECUTION_PROVIDER="gpu" is none of auto, cuda, tensorrt, webgpu, coreml, cpu',
  );
  expect(() => parseExecutionProvider('x', '--provider')).toThrow('--provider="x" is none of');
});

test('only auto falls back, and never to what is slow to set up', () => {
  expect(providerCandidates('auto', 'linux')).toEqual(['cuda', 'cpu']);
  expect(providerCandidates('auto', 'darwin')).toEqual(['coreml', 'cpu']);
  expect(providerCandidates('webgpu', 'linux')).toEqual(['webgpu']);
});
