import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runParity } from './run-parity.ts';
import type { Comparison } from './compare.ts';

const golden = (name: string) => fileURLToPath(new URL(`../../../../test/golden/${name}`, import.meta.url));

// tiny-xt: the topology of SVD-XT. mixed: lists, odd sizes, 16 latent channels, epsilon, shards. tiny: AutoencoderTiny.
test.each(['tiny-xt', 'mixed', 'tiny'])('all parts of %s equal diffusers', async (name) => {
  const comparisons: Comparison[] = [];
  for await (const comparison of runParity(golden(name), { provider: 'cpu', threads: 1 })) comparisons.push(comparison);
  expect(comparisons.filter(({ passed }) => !passed)).toEqual([]);
  expect(comparisons.map(({ part }) => part)).toEqual(
    expect.arrayContaining(['clip_image_embeds', 'vae_image_latents', 'unet_out', 'vae_decode_out', 'frames_u8']),
  );
});

const SWIFT_SHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Relative to the standard deviation of the reference. SwiftShader's exponential function is less precise. */
const WEBGPU_TOLERANCE = 1e-3;

test.skipIf(!existsSync(SWIFT_SHADER))(
  'the parts of "tiny" equal diffusers on WebGPU (needs SwiftShader from Debian’s chromium)',
  { timeout: 300_000 },
  async () => {
    const parts = ['clip_image_embeds', 'vae_image_latents', 'vae_decode_out', 'unet_out'];
    const errors = new Map<string, number>();
    const env = { VK_ICD_FILENAMES: SWIFT_SHADER };
    for await (const { part, maxAbsError, std } of runParity(golden('tiny'), { provider: 'webgpu', threads: 1, env })) {
      if (parts.includes(part)) errors.set(part, maxAbsError / std);
      if (errors.size === parts.length) break;
    }
    expect([...errors.keys()].toSorted()).toEqual(parts.toSorted());
    for (const [part, error] of errors) expect(error, part).toBeLessThan(WEBGPU_TOLERANCE);
  },
);
