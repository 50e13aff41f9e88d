import { mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeHeader } from './encode-header.ts';
import type { TensorSpec } from './encode-header.ts';
import { SafetensorsError } from './safetensors-error.ts';
import { openWeights } from './weights.ts';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'weights-')));
});
afterEach(() => rm(root, { recursive: true }));

type Content = Omit<TensorSpec, 'name'> & { readonly bytes: ArrayBufferView };

const f32 = (...values: number[]): Content => ({
  dtype: 'F32',
  shape: [values.length],
  bytes: Float32Array.from(values),
});

function safetensors(tensors: Readonly<Record<string, Content>>): Buffer {
  const specs = Object.entries(tensors).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const data = Object.values(tensors).map(({ bytes: b }) => Buffer.from(b.buffer, b.byteOffset, b.byteLength));
  return Buffer.concat([encodeHeader(specs), ...data]);
}

async function put(path: string, content: Buffer | string | Readonly<Record<string, Content>>): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' || Buffer.isBuffer(content) ? content : safetensors(content));
  return file;
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
}

const index = (map: Readonly<Record<string, string>>): string =>
  JSON.stringify({ metadata: { total_size: 1, nested: [{ any: null }] }, weight_map: map });

async function failure(stem = 'model'): Promise<string> {
  const error: unknown = await openWeights(root, stem).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(SafetensorsError);
  const { message } = error as SafetensorsError;
  expect(message).not.toContain('\n');
  return message;
}

describe('reading', () => {
  test('every kind of float comes out as float32', async () => {
    const u16 = (...bits: number[]): Uint16Array => Uint16Array.from(bits);
    await put('model.safetensors', {
      odd: { dtype: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 3) }, // what follows is at odd offsets
      half: { dtype: 'F16', shape: [5], bytes: u16(0x3c00, 0x8000, 0x0001, 0x7bff, 0xfc00) },
      brain: { dtype: 'BF16', shape: [2, 2], bytes: u16(0x3f80, 0xc049, 0x7f80, 0x0080) },
      single: f32(1.5, -(2 ** -140)),
      double: { dtype: 'F64', shape: [1], bytes: Float64Array.of(1 / 3) },
      scalar: { dtype: 'F32', shape: [], bytes: Float32Array.of(7) },
      none: { dtype: 'F16', shape: [0, 4], bytes: u16() },
    });
    const weights = await openWeights(root, 'model');
    expect(await weights.read('half')).toEqual(Float32Array.of(1, -0, 2 ** -24, 65504, -Infinity));
    expect(await weights.read('brain')).toEqual(Float32Array.of(1, -3.140625, Infinity, 2 ** -126));
    expect(await weights.read('single')).toEqual(Float32Array.of(1.5, -(2 ** -140)));
    expect(await weights.read('double')).toEqual(Float32Array.of(1 / 3));
    expect(await weights.read('scalar')).toEqual(Float32Array.of(7));
    expect(await weights.read('none')).toEqual(new Float32Array());
    await expect(weights.read('odd')).rejects.toThrow('"odd" is U8');
    await expect(weights.read('other')).rejects.toThrow('no tensor "other"');
  });

  test('a file that has shrunk since is an error', async () => {
    const file = await put('model.safetensors', { a: f32(1, 2, 3) });
    const weights = await openWeights(root, 'model');
    await truncate(file, 60);
    await expect(weights.read('a')).rejects.toThrow(`${file}: reading "a": the file ends before byte`);
  });
});

describe('which files', () => {
  test('fp16 where there is one, unless the other is asked for', async () => {
    await put('model.safetensors', { a: f32(1) });
    expect((await openWeights(root, 'model')).files).toEqual([join(root, 'model.safetensors')]);
    await expect(openWeights(root, 'model', { variant: 'fp16' })).rejects.toThrow('model.fp16.safetensors is missing');
    await put('model.fp16.safetensors', { a: { dtype: 'F16', shape: [1], bytes: Uint16Array.of(0) } });
    expect((await openWeights(root, 'model')).files).toEqual([join(root, 'model.fp16.safetensors')]);
    expect((await openWeights(root, 'model', { variant: 'full' })).files).toEqual([join(root, 'model.safetensors')]);
  });

  test.each([
    ['model.safetensors.index.json', 'model-0000'],
    ['model.safetensors.index.fp16.json', 'model.fp16-0000'],
    ['model.fp16.safetensors.index.json', 'model.fp16-0000'],
  ])('shards listed by %s', async (name, shard) => {
    const [one, two] = [`${shard}1-of-00002.safetensors`, `${shard}2-of-00002.safetensors`];
    await put(one, { a: f32(1), b: f32(2) });
    await put(two, { c: f32(3) });
    await put(name, index({ c: two, a: one, b: one }));
    const weights = await openWeights(root, 'model');
    expect(weights.folder).toBe(root);
    expect([...weights.files].sort()).toEqual([join(root, one), join(root, two)]);
    expect([...weights.tensors.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(await weights.read('c')).toEqual(Float32Array.of(3));
  });

  test("the Hugging Face cache's links are followed to the blobs", async () => {
    const blob = await put('models--x/blobs/9fbc', { a: f32(4) });
    const other = await put('models--x/blobs/af60', { b: f32(5) });
    await put('models--x/blobs/0123', index({ a: 'model-1.safetensors', b: 'model-2.safetensors' }));
    const unet = 'models--x/snapshots/rev/unet/';
    await link(`${unet}diffusion_pytorch_model.fp16.safetensors`, '../../../blobs/9fbc');
    await link(`${unet}model.safetensors.index.json`, '../../../blobs/0123');
    await link(`${unet}model-1.safetensors`, '../../../blobs/9fbc');
    await link(`${unet}model-2.safetensors`, '../../../blobs/af60');

    const one = await openWeights(join(root, unet), 'diffusion_pytorch_model');
    expect(one).toMatchObject({ folder: dirname(blob), files: [blob] });
    expect(one.tensors.get('a')?.file).toBe(blob);
    const sharded = await openWeights(join(root, unet), 'model');
    expect(sharded).toMatchObject({ folder: dirname(blob), files: [blob, other] });
    expect(await sharded.read('b')).toEqual(Float32Array.of(5));
  });

  test('the folder is the nearest that holds all files', async () => {
    await put('data/one/x.safetensors', { a: f32(1) });
    await put('data/one-more/y.safetensors', { b: f32(2) });
    await put('model.safetensors.index.json', index({ a: 'x.safetensors', b: 'y.safetensors' }));
    await link('x.safetensors', 'data/one/x.safetensors');
    await link('y.safetensors', 'data/one-more/y.safetensors');
    expect((await openWeights(root, 'model')).folder).toBe(join(root, 'data'));
  });
});

describe('refusals', () => {
  test('no folder, no weights, pickled weights, a broken link', async () => {
    await expect(openWeights(join(root, 'none'), 'model')).rejects.toThrow('/none: there is no such folder');
    expect(await failure()).toBe(
      `${root}: no weights: model.fp16.safetensors or model.safetensors is missing, and there is no index of shards`,
    );
    const pickled = await put('pytorch_model.bin', 'pickle');
    await expect(openWeights(pickled, 'model')).rejects.toThrow('not a folder');
    expect(await failure()).toMatch(
      /only pickled weights \(pytorch_model\.bin\); safetensors are needed: download model/,
    );
    await link('model.safetensors', '../blobs/gone');
    expect(await failure()).toBe(`${join(root, 'model.safetensors')}: missing, or a link to a file that is missing`);
  });

  test.each([
    ['a folder above', index({ a: '../x.safetensors' }), 'the shard "../x.safetensors" is outside'],
    ['a folder above, by a detour', index({ a: 'y/../../x.safetensors' }), 'is outside'],
    ['an absolute path', index({ a: '/etc/passwd' }), 'the shard "/etc/passwd" is outside'],
    ['a NUL', index({ a: 'x\0' }), 'is outside'],
    ['a missing shard', index({ a: 'gone.safetensors' }), 'gone.safetensors: missing'],
    ['a folder as shard', index({ a: '.' }), 'not a regular file'],
    ['a tensor the shard lacks', index({ a: 'x.safetensors', b: 'x.safetensors' }), 'x.safetensors: does not hold "b"'],
    ['a tensor the index lacks', index({ b: 'x.safetensors' }), 'x.safetensors: holds "a", which'],
    ['a tensor placed elsewhere', index({ a: 'y.safetensors', b: 'x.safetensors' }), 'y.safetensors: holds "b", which'],
    ['no weight_map', '{"metadata":{}}', 'bad index: no tensors in weight_map'],
    ['a name twice', '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}', 'the name "a" is there twice'],
    ['no text', '{"weight_map":{"a":1}}', 'bad index: expected a string'],
    ['brackets without end', `{"metadata":${'['.repeat(5e6)}`, 'bad index: nested more than 32 deep'],
    ['not UTF-8', Buffer.from([0xff, 0xfe]), 'bad index: '],
  ])('an index with %s', async (_, text, reason) => {
    await put('x.safetensors', { a: f32(1) });
    await put('y.safetensors', { b: f32(1) });
    await put('model.safetensors.index.json', text);
    expect(await failure()).toContain(reason);
  });
});
