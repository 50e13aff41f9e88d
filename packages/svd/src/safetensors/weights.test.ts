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
  test('read converts every float type to float32', async () => {
    const u16 = (...bits: number[]): Uint16Array => Uint16Array.from(bits);
    await put('model.safetensors', {
      odd: { dtype: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 3) }, // so that the following tensors have odd offsets
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
    await expect(weights.read('other')).rejects.toThrow('there is no tensor "other"');
  });

  test('read fails when the file has become shorter', async () => {
    const file = await put('model.safetensors', { a: f32(1, 2, 3) });
    const weights = await openWeights(root, 'model');
    await truncate(file, 60);
    await expect(weights.read('a')).rejects.toThrow(`${file}: cannot read "a": the file ends before byte`);
  });
});

describe('the choice of files', () => {
  test('prefers fp16, then bf16, unless a variant is given', async () => {
    await put('model.safetensors', { a: f32(1) });
    expect((await openWeights(root, 'model')).files).toEqual([join(root, 'model.safetensors')]);
    await expect(openWeights(root, 'model', { variant: 'fp16' })).rejects.toThrow('expected model.fp16.safetensors');
    await put('model.bf16.safetensors', { a: { dtype: 'BF16', shape: [1], bytes: Uint16Array.of(0x3f80) } });
    expect((await openWeights(root, 'model')).files).toEqual([join(root, 'model.bf16.safetensors')]);
    await put('model.fp16.safetensors', { a: { dtype: 'F16', shape: [1], bytes: Uint16Array.of(0x3c00) } });
    expect((await openWeights(root, 'model')).files).toEqual([join(root, 'model.fp16.safetensors')]);
    expect((await openWeights(root, 'model', { variant: 'full' })).files).toEqual([join(root, 'model.safetensors')]);
  });

  test.each([
    ['model.safetensors.index.json', 'model-0000'],
    ['model.safetensors.index.fp16.json', 'model.fp16-0000'],
    ['model.fp16.safetensors.index.json', 'model.fp16-0000'],
  ])('reads the shards that %s lists', async (name, shard) => {
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

  test('resolves the links of the Hugging Face cache', async () => {
    const blob = await put('models--x/blobs/9fbc', { a: f32(4) });
    const other = await put('models--x/blobs/af60', { b: f32(5) });
    await put('models--x/blobs/0123', index({ a: 'model-1.safetensors', b: 'model-2.safetensors' }));
    const unet = 'models--x/snapshots/rev/unet/';
    await link(`${unet}diffusion_pytorch_model.fp16.safetensors`, '../../../blobs/9fbc');
    const clip = 'models--x/snapshots/rev/image_encoder/';
    await link(`${clip}model.safetensors.index.json`, '../../../blobs/0123');
    await link(`${clip}model-1.safetensors`, '../../../blobs/9fbc');
    await link(`${clip}model-2.safetensors`, '../../../blobs/af60');

    const one = await openWeights(join(root, unet), 'diffusion_pytorch_model');
    expect(one).toMatchObject({ folder: dirname(blob), files: [blob] });
    expect(one.tensors.get('a')?.file).toBe(blob);
    const sharded = await openWeights(join(root, clip), 'model');
    expect(sharded).toMatchObject({ folder: dirname(blob), files: [blob, other] });
    expect(await sharded.read('b')).toEqual(Float32Array.of(5));
  });

  test('takes the only file of any name', async () => {
    await put('AnimateLCM-SVD-xt.safetensors', { a: f32(1) });
    expect((await openWeights(root, 'model')).files).toEqual([join(root, 'AnimateLCM-SVD-xt.safetensors')]);
    await put('other.safetensors', { a: f32(1) });
    expect(await failure()).toBe(
      `${root}: which weights? There are AnimateLCM-SVD-xt.safetensors, other.safetensors: keep one of them here`,
    );
  });

  test('refuses two models, and names both; a file that cannot be read is ignored', async () => {
    await put('model.fp16.safetensors', { a: f32(1, 2) });
    await put('model.safetensors', 'version https://git-lfs.github.com/spec/v1');
    expect((await openWeights(root, 'model')).files).toEqual([join(root, 'model.fp16.safetensors')]);
    await put('AnimateLCM-SVD-xt.safetensors', { a: f32(1, 2.1) });
    expect(await failure()).toBe(
      `${root}: which weights? model.fp16.safetensors and AnimateLCM-SVD-xt.safetensors are different models ` +
        '(they differ in "a"): move one of them to another folder',
    );
    await put('AnimateLCM-SVD-xt.safetensors', { a: f32(1, 2.0001) });
    expect((await openWeights(root, 'model')).files).toHaveLength(1);
  });

  test('folder is the nearest folder that contains all files', async () => {
    await put('data/one/x.safetensors', { a: f32(1) });
    await put('data/one-more/y.safetensors', { b: f32(2) });
    await put('model.safetensors.index.json', index({ a: 'x.safetensors', b: 'y.safetensors' }));
    await link('x.safetensors', 'data/one/x.safetensors');
    await link('y.safetensors', 'data/one-more/y.safetensors');
    expect((await openWeights(root, 'model')).folder).toBe(join(root, 'data'));
  });
});

describe('errors', () => {
  test('reports a missing folder, missing weights, pickled weights and a broken link', async () => {
    await expect(openWeights(join(root, 'none'), 'model')).rejects.toThrow('/none: the folder does not exist');
    expect(await failure()).toBe(
      `${root}: the weights are missing: expected model.fp16.safetensors or model.bf16.safetensors or model.safetensors, or an index of shards`,
    );
    const pickled = await put('pytorch_model.bin', 'pickle');
    await expect(openWeights(pickled, 'model')).rejects.toThrow('this is not a folder');
    expect(await failure()).toMatch(
      /only pickled weights \(pytorch_model\.bin\), but safetensors are required: download model/,
    );
    await link('model.safetensors', '../blobs/gone');
    expect(await failure()).toBe(
      `${join(root, 'model.safetensors')}: the file does not exist, or is a link to a missing file`,
    );
  });

  test.each([
    ['a parent folder', index({ a: '../x.safetensors' }), 'the shard "../x.safetensors" is outside'],
    ['a parent folder through a subfolder', index({ a: 'y/../../x.safetensors' }), 'is outside'],
    ['an absolute path', index({ a: '/etc/passwd' }), 'the shard "/etc/passwd" is outside'],
    ['a NUL', index({ a: 'x\0' }), 'is outside'],
    ['a missing shard', index({ a: 'gone.safetensors' }), 'gone.safetensors: the file does not exist'],
    ['a folder as shard', index({ a: '.' }), 'not a regular file'],
    [
      'a tensor the shard lacks',
      index({ a: 'x.safetensors', b: 'x.safetensors' }),
      'x.safetensors: the tensor "b" is missing',
    ],
    ['a tensor the index lacks', index({ b: 'x.safetensors' }), 'x.safetensors: the tensor "a" is not listed'],
    [
      'a tensor listed for another shard',
      index({ a: 'y.safetensors', b: 'x.safetensors' }),
      'y.safetensors: the tensor "b" is not listed',
    ],
    ['no weight_map', '{"metadata":{}}', 'bad index: weight_map has no tensors'],
    ['a name twice', '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}', 'the name "a" occurs twice'],
    ['a path that is not a string', '{"weight_map":{"a":1}}', 'bad index: expected a string'],
    ['unclosed brackets', `{"metadata":${'['.repeat(5e6)}`, 'bad index: nested deeper than 32 levels'],
    ['not UTF-8', Buffer.from([0xff, 0xfe]), 'bad index: '],
  ])('rejects an index with %s', async (_, text, reason) => {
    await put('x.safetensors', { a: f32(1) });
    await put('y.safetensors', { b: f32(1) });
    await put('model.safetensors.index.json', text);
    expect(await failure()).toContain(reason);
  });
});
