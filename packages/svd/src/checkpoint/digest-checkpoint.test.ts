import { cp, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCheckpoint } from './checkpoint.ts';
import { digestCheckpoint } from './digest-checkpoint.ts';

const original = join(import.meta.dirname, '../../../../test/golden/tiny-xt/checkpoint');

test('the digest does not depend on the folder, and changes with any tensor', async () => {
  const digest = await digestCheckpoint(await readCheckpoint(original));
  expect(digest).toMatch(/^[0-9a-f]{64}$/);

  const folder = await mkdtemp(join(tmpdir(), 'cinematica-digest-'));
  try {
    await cp(original, folder, { recursive: true });
    const copy = await readCheckpoint(folder);
    expect(await digestCheckpoint(copy)).toBe(digest);
    const tensor = [...copy.vae.weights.tensors.values()].at(-1)!;
    {
      await using file = await open(tensor.file, 'r+');
      await file.write(Buffer.from([0x42]), 0, 1, tensor.offset + 1);
    }
    expect(await digestCheckpoint(copy)).not.toBe(digest);
  } finally {
    await rm(folder, { recursive: true });
  }
});
