import { expect, test } from 'vitest';
import { parseGpuMemory } from './gpu-memory.ts';
import { createMetrics } from './metrics.ts';

test('publishes the build, the computing process and the GPU memory', async () => {
  const metrics = createMetrics('denoiser');
  metrics.about({ stage: 'denoise', model: { name: 'tiny', digest: '0123' }, provider: 'cuda' });
  metrics.watchChild(() => ({ rss: 5, peakRss: 7 }));
  await metrics.watchGpuMemory(() => Promise.resolve(parseGpuMemory('0, 1024, 143771\n')));
  metrics.modelHooks('denoise').onCrash();
  metrics.modelHooks('denoise').onLoad(3);
  const text = (await metrics.registry.metrics()).replaceAll(',service="denoiser"', '');
  for (const line of [
    /^cinematica_build_info\{version="\d+\.\d+\.\d+",stage="denoise",model="tiny",model_digest="0123",provider="cuda"\} 1$/m,
    /^cinematica_child_memory_bytes\{kind="peak"\} 7$/m,
    /^cinematica_gpu_memory_bytes\{gpu="0",kind="used"\} 1073741824$/m,
    /^cinematica_gpu_memory_bytes\{gpu="0",kind="total"\} 150754820096$/m,
    /^cinematica_child_restarts_total\{stage="denoise"\} 1$/m,
    /^cinematica_model_load_seconds_bucket\{le="5",stage="denoise"\} 1$|^cinematica_model_load_seconds_bucket\{.*le="5".*\} 1$/m,
  ]) {
    expect(text).toMatch(line);
  }
});

test('publishes no GPU memory when it cannot be read', async () => {
  const metrics = createMetrics('denoiser');
  await metrics.watchGpuMemory(() => Promise.resolve(parseGpuMemory('0, [N/A], [N/A]\n')));
  expect(await metrics.registry.metrics()).not.toContain('cinematica_gpu_memory_bytes');
});
