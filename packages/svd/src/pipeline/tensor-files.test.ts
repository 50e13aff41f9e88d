import { expect, test } from 'vitest';
import { SafetensorsError } from '../safetensors/safetensors-error.ts';
import { packConditioning, packLatents, unpackConditioning, unpackLatents } from './tensor-files.ts';

const floats = (length: number, from: number) => Float32Array.from({ length }, (_, i) => from + i / 3);
const conditioning = {
  imageEmbedding: floats(5, 1),
  imageLatents: floats(24, 2),
  previewMap: floats(15, 3),
  channels: 4,
  height: 2,
  width: 3,
};

test('packing and unpacking returns equal tensors for any alignment', () => {
  const packed = packConditioning(conditioning);
  const shifted = new Uint8Array(packed.length + 3);
  shifted.set(packed, 3);
  expect(unpackConditioning(shifted.subarray(3))).toEqual(conditioning);
  const latents = { frames: 2, channels: 4, height: 2, width: 3, data: floats(48, 4) };
  expect(unpackLatents(packLatents(latents.data, latents))).toEqual(latents);
});

test('rejects truncated files and files with other tensors', () => {
  const packed = packConditioning(conditioning);
  for (let length = 0; length < packed.length; length++) {
    expect(() => unpackConditioning(packed.subarray(0, length))).toThrow(SafetensorsError);
  }
  expect(() => unpackLatents(packed)).toThrow('no tensor "latents" of rank 4');
});
