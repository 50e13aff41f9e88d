import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureCudaLibraries } from './cuda-libraries.ts';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'libraries-'))));
afterEach(() => rmSync(root, { recursive: true }));

test('links the libraries from an unpacked wheel; without one, the error says how to get them', () => {
  const home = { folder: join(root, 'home'), version: '1.2.3' };
  const capi = join(root, 'wheel', 'onnxruntime', 'capi');
  mkdirSync(home.folder);
  mkdirSync(capi, { recursive: true });
  expect(() => ensureCudaLibraries(undefined, home)).toThrow('onnxruntime-gpu==1.2.3');
  expect(() => ensureCudaLibraries(join(root, 'wheel'), home)).toThrow('and in');
  for (const part of ['shared', 'cuda']) writeFileSync(join(capi, `libonnxruntime_providers_${part}.so`), '');
  ensureCudaLibraries(join(root, 'wheel'), home);
  ensureCudaLibraries(undefined, home);
  const link = readlinkSync(join(home.folder, 'libonnxruntime_providers_cuda.so'));
  expect(link).toBe(join(capi, 'libonnxruntime_providers_cuda.so'));
});
