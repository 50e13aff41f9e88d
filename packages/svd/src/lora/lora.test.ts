import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestCheckpoint } from '../checkpoint/digest-checkpoint.ts';
import { checkCudaGraph } from '../nn/cuda/check-graph.ts';
import { createCudaEmitter } from '../nn/cuda/cuda-emitter.ts';
import { emulateCuda } from '../nn/cuda/test-runtime.ts';
import { elements } from '../onnx/graph-builder.ts';
import { denoiseGraphs } from '../graphs/denoise-graphs.ts';
import { emitterFor } from '../graphs/emitter-for.ts';
import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { denoise } from '../pipeline/denoise.ts';
import { createModel } from '../pipeline/model.ts';
import { openCheckpoint } from '../pipeline/open-checkpoint.ts';
import { resolveSettings } from '../pipeline/settings.ts';
import { normals } from '../random/philox.ts';
import { createRuntime } from '../runtime/runtime.ts';
import { encodeHeader } from '../safetensors/encode-header.ts';
import { openWeights } from '../safetensors/weights.ts';
import { attachLoras } from './attach-loras.ts';
import { LoraError } from './lora-error.ts';
import { formatLoras, parseLora, parseLoras } from './lora-file.ts';
import type { LoraFile } from './lora-file.ts';
import { parseLoraName } from './lora-names.ts';
import { readLoraScale } from './lora-scale.ts';

const base = fileURLToPath(new URL('../../../../test/golden/tiny/checkpoint', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lora-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Tensors = Readonly<Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }>>;

async function write(name: string, tensors: Tensors, metadata?: Record<string, string>): Promise<string> {
  const specs = Object.entries(tensors).map(([each, { shape }]) => ({ name: each, dtype: 'F32', shape }) as const);
  const data = Object.values(tensors).map(({ values }) => Buffer.from(Uint8Array.from(new Uint8Array(values.buffer))));
  await writeFile(join(folder, name), Buffer.concat([encodeHeader(specs, metadata), ...data]));
  return join(folder, name);
}

const random = (name: string, shape: readonly number[], deviation: number) => ({
  shape,
  values: normals({ seed: 3, segment: 0, step: 0, tensor: name }, elements(shape)).map((z) => deviation * z),
});

const BLOCK = 'down_blocks.0.attentions.0.transformer_blocks.0';
/** A layer of each kind: linear, constant cross-attention, GEGLU, convolutions, and the scaled one of the temporal block. */
const LAYERS = [
  `${BLOCK}.attn1.to_q`,
  `${BLOCK}.attn1.to_out.0`,
  `${BLOCK}.attn2.to_v`,
  `${BLOCK}.attn2.to_k`,
  `${BLOCK}.ff.net.0.proj`,
  `${BLOCK}.ff.net.2`,
  'mid_block.attentions.0.temporal_transformer_blocks.0.attn1.to_v',
  'mid_block.attentions.0.proj_in',
  'up_blocks.0.resnets.0.spatial_res_block.conv1',
  'up_blocks.0.resnets.0.spatial_res_block.conv_shortcut',
  'up_blocks.0.resnets.0.temporal_res_block.conv2',
  'time_embedding.linear_1',
] as const;

interface Matrices {
  readonly layer: string;
  readonly down: Tensors[string];
  readonly up: Tensors[string];
}

/** Random matrices of each layer. */
async function matricesOf(layers: readonly string[], rank: number, seed: string): Promise<Matrices[]> {
  const { tensors } = await openWeights(join(base, 'unet'), 'diffusion_pytorch_model');
  return layers.map((layer) => {
    const [out = 1, input = 1, ...kernel] = tensors.get(`${layer}.weight`)?.shape ?? [];
    const fanIn = input * elements(kernel);
    return {
      layer,
      down: random(`${seed} ${layer} down`, [rank, input, ...kernel], 1 / Math.sqrt(fanIn)),
      up: random(`${seed} ${layer} up`, [out, rank, ...kernel.map(() => 1)], 0.5 / Math.sqrt(rank)),
    };
  });
}

/** Writes the UNet with the changes in its weights, in float32: W + scale · up · down, as diffusers' `fuse_lora`. */
async function writeFused(changes: readonly { readonly matrices: readonly Matrices[]; readonly scale: number }[]) {
  const target = join(folder, 'fused');
  await cp(base, target, { recursive: true });
  const weights = await openWeights(join(base, 'unet'), 'diffusion_pytorch_model');
  const fused: Record<string, Tensors[string]> = {};
  for (const [name, { shape }] of weights.tensors) {
    const values = Float64Array.from(await weights.read(name));
    for (const { matrices, scale } of changes) {
      const own = matrices.find(({ layer }) => name === `${layer}.weight`);
      if (!own) continue;
      const rank = own.down.shape[0] ?? 1;
      const columns = own.down.values.length / rank;
      values.forEach((_, i) => {
        let sum = 0;
        for (let r = 0; r < rank; r++) {
          sum +=
            (own.up.values[Math.floor(i / columns) * rank + r] ?? 0) *
            (own.down.values[r * columns + (i % columns)] ?? 0);
        }
        values[i] = (values[i] ?? 0) + scale * sum;
      });
    }
    fused[name] = { shape, values: Float32Array.from(values) };
  }
  await rm(join(target, 'unet', 'diffusion_pytorch_model.fp16.safetensors'));
  await write('fused/unet/diffusion_pytorch_model.safetensors', fused);
  return target;
}

async function latentsOf(
  path: string,
  loras: readonly LoraFile[],
  createEmitter?: CreateEmitter,
): Promise<Float32Array> {
  const checkpoint = await openCheckpoint(path, loras);
  await using model = createEmitter
    ? await emulateCuda(checkpoint, { createEmitter })
    : createModel(checkpoint, await createRuntime({ provider: 'cpu', threads: 1 }));
  const settings = resolveSettings(checkpoint.card, { width: 32, height: 32, frames: 2, steps: 1, seed: 1 });
  const values = (name: string, length: number) => normals({ seed: 9, segment: 0, step: 0, tensor: name }, length);
  const conditioning = {
    channels: 4,
    height: 8,
    width: 8,
    imageEmbedding: values('embedding', 24),
    imageLatents: values('latents', 256),
    previewMap: new Float32Array(),
  };
  return await denoise(model, conditioning, settings);
}

/** The largest difference, relative to the standard deviation. */
function distance(a: Float32Array, b: Float32Array): number {
  const deviation = Math.sqrt(b.reduce((sum, value) => sum + value * value, 0) / b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0) / deviation;
}

/** Layers of the down path have their names of the original layout, the others those of diffusers. */
const kohya = (layer: string) =>
  `lora_unet_${layer.replace('down_blocks.0.attentions.0', 'input_blocks.1.1').replaceAll('.', '_')}`;
const old = (layer: string) =>
  `unet.${layer.replace(/\.(to_[qkv])$/, '.processor.$1_lora').replace(/\.to_out\.0$/, '.processor.to_out_lora')}`;

test('LoRAs change the result as weights with their products do, in any notation, together, on CPU and CUDA', async () => {
  const [peft, other, third] = await Promise.all([
    matricesOf(LAYERS, 4, 'peft'),
    matricesOf(LAYERS.slice(0, 9), 2, 'kohya'),
    matricesOf([LAYERS[0], LAYERS[1]], 3, 'old'),
  ]);
  const metadata = { format: 'pt', lora_adapter_metadata: JSON.stringify({ 'unet.lora_alpha': 2, 'unet.r': 4 }) };
  const entriesOf = (list: readonly Matrices[], names: (layer: string) => readonly [string, string]) =>
    list.flatMap(({ layer, down, up }) => {
      const [first, second] = names(layer);
      return [[first, down] as const, [second, up] as const];
    });
  const files: LoraFile[] = [
    {
      file: await write(
        'peft.safetensors',
        Object.fromEntries(entriesOf(peft, (layer) => [`unet.${layer}.lora_A.weight`, `unet.${layer}.lora_B.weight`])),
        metadata,
      ),
      strength: 0.8,
    },
    {
      file: await write('kohya.safetensors', {
        ...Object.fromEntries(
          entriesOf(other, (layer) => [`${kohya(layer)}.lora_down.weight`, `${kohya(layer)}.lora_up.weight`]),
        ),
        ...Object.fromEntries(
          other.map(({ layer }) => [`${kohya(layer)}.alpha`, { shape: [], values: Float32Array.of(3) }]),
        ),
      }),
      strength: -0.5,
    },
    {
      file: await write(
        'old.safetensors',
        Object.fromEntries(entriesOf(third, (layer) => [`${old(layer)}.down.weight`, `${old(layer)}.up.weight`])),
      ),
      strength: 1,
    },
  ];
  const fused = await writeFused([
    { matrices: peft, scale: 0.8 * (2 / 4) },
    { matrices: other, scale: -0.5 * (3 / 2) },
    { matrices: third, scale: 1 },
  ]);
  const expected = await latentsOf(fused, []);
  expect(distance(await latentsOf(base, []), expected)).toBeGreaterThan(0.05);
  expect(distance(await latentsOf(base, files), expected)).toBeLessThan(1e-4);
  const inFloat32: CreateEmitter = (graph) => createCudaEmitter(graph, { precision: 'float32' });
  expect(distance(await latentsOf(base, files, inFloat32), expected)).toBeLessThan(1e-4);

  const step = denoiseGraphs(
    await openCheckpoint(base, files),
    { frames: 2, height: 8, width: 8, guidance: true },
    { createEmitter: emitterFor('cuda') },
  ).step;
  expect(checkCudaGraph(step.builder.build())).toEqual([]);

  const digest = async (loras: readonly LoraFile[]) => digestCheckpoint(await openCheckpoint(base, loras));
  expect(await digest(files.map((lora) => ({ ...lora, strength: 1 })))).not.toBe(await digest(files));
});

test('a LoRA with another alpha is another model', async () => {
  const [{ layer, down, up }] = (await matricesOf([LAYERS[0]], 2, 'alpha')) as [Matrices];
  const tensors = { [`unet.${layer}.lora_A.weight`]: down, [`unet.${layer}.lora_B.weight`]: up };
  const digests: string[] = [];
  for (const alpha of [1, 1, 2]) {
    const metadata = { lora_adapter_metadata: JSON.stringify({ 'unet.alpha_pattern': { 'attn1.to_q': alpha } }) };
    const file = await write('alpha.safetensors', tensors, metadata);
    digests.push(await digestCheckpoint(await openCheckpoint(base, [{ file, strength: 1 }])));
  }
  expect(digests[1]).toBe(digests[0]);
  expect(digests[2]).not.toBe(digests[0]);
});

test.each<[string, RegExp]>([
  ['{', /meta\.safetensors: lora_adapter_metadata is not JSON/],
  [JSON.stringify({ 'unet.lora_alpha': 'two' }), /meta\.safetensors: lora_adapter_metadata: lora_alpha: /],
  [
    JSON.stringify({ 'unet.alpha_pattern': { '.*attn1\\.to_q': 2 } }),
    /meta\.safetensors: alpha_pattern: "\.\*attn1.*regular expression/,
  ],
])('the metadata %s is refused with the name of the file', async (text, message) => {
  const file = await write('meta.safetensors', {}, { lora_adapter_metadata: text });
  await expect(openCheckpoint(base, [{ file, strength: 1 }])).rejects.toThrow(LoraError);
  await expect(openCheckpoint(base, [{ file, strength: 1 }])).rejects.toThrow(message);
});

test('adapter_config.json may be missing, and is refused by name when it is damaged', async () => {
  const file = await write('adapter_model.safetensors', {});
  const config = join(folder, 'adapter_config.json');
  expect((await readLoraScale(file))('a', 2, undefined)).toBe(1);
  await writeFile(config, '{"lora_alpha": 4}');
  expect((await readLoraScale(file))('a', 2, undefined)).toBe(2);
  await writeFile(config, '[');
  await expect(readLoraScale(file)).rejects.toThrow(`${config} is not JSON`);
  await rm(config);
  await mkdir(config);
  await expect(readLoraScale(file)).rejects.toThrow(`${config} is not a regular file`);
});

describe('attachLoras rejects', () => {
  const down = { shape: [2, 32], values: new Float32Array(64) };
  const up = { shape: [32, 2], values: new Float32Array(64) };
  const q = `unet.${BLOCK}.attn1.to_q`;
  test.each<[string, Tensors, RegExp]>([
    [
      'a layer of another model',
      { 'unet.down_blocks.9.x.lora_A.weight': down },
      /no layer "down_blocks\.9\.x".* another model/,
    ],
    [
      'a place of the original layout that the model does not have',
      { 'lora_unet_input_blocks_9_1_transformer_blocks_0_attn1_to_q.lora_down.weight': down },
      /no layer "input_blocks_9_1_.* another model/,
    ],
    ['a half', { [`${q}.lora_A.weight`]: down }, /has only one of its two matrices/],
    [
      'another shape',
      { [`${q}.lora_A.weight`]: { shape: [2, 16], values: new Float32Array(32) }, [`${q}.lora_B.weight`]: up },
      /has shape \[2, 16\], but the layer of the model requires \[2, 32\].*another model/,
    ],
    ['DoRA', { [`${q}.lora_magnitude_vector.weight`]: up }, /uses another method than LoRA/],
    ['LoHa', { [`${kohya(`${BLOCK}.attn1.to_q`)}.hada_w1_a`]: up }, /uses another method than LoRA/],
    [
      'a model',
      { 'model.diffusion_model.out.0.bias': up },
      /is no LoRA \(it has the tensor "model\.diffusion_model\.out/,
    ],
  ])('%s, by name', async (_, tensors, message) => {
    const file = await write('refused.safetensors', tensors);
    const weights = await openWeights(join(base, 'unet'), 'diffusion_pytorch_model');
    await expect(attachLoras(weights, [{ file, strength: 1 }])).rejects.toThrow(message);
  });
});

test('a LoRA of 8-bit floats is refused as a LoRA', async () => {
  const file = join(folder, 'eight.safetensors');
  const header = encodeHeader([{ name: `unet.${BLOCK}.attn1.to_q.lora_A.weight`, dtype: 'F8_E4M3', shape: [2, 32] }]);
  await writeFile(file, Buffer.concat([header, Buffer.alloc(64)]));
  const opened = openCheckpoint(base, [{ file, strength: 1 }]);
  await expect(opened).rejects.toThrow(LoraError);
  await expect(opened).rejects.toThrow(`${file}: the weights are 8-bit floats (F8_E4M3`);
});

test('names of PEFT, diffusers and kohya’s scripts are known', () => {
  const layer = 'a.attn1.to_q';
  expect(parseLoraName(`base_model.model.${layer}.lora_A.default.weight`)).toEqual({ layer, part: 'down' });
  expect(parseLoraName(`unet.${layer}.lora_B.weight`)).toEqual({ layer, part: 'up' });
  expect(parseLoraName(`unet.${layer}.lora.up.weight`)).toEqual({ layer, part: 'up' });
  expect(parseLoraName('unet.a.attn1.processor.to_out_lora.down.weight')).toEqual({
    layer: 'a.attn1.to_out.0',
    part: 'down',
  });
  expect(parseLoraName('lora_unet_a_attn1_to_q.alpha')).toEqual({ layer: 'a_attn1_to_q', part: 'alpha' });
  expect(parseLoraName('a.weight')).toBeNull();
});

test('a LoRA is written as FILE or FILE:STRENGTH', () => {
  expect(parseLora('a b.safetensors')).toEqual({ file: 'a b.safetensors', strength: 1 });
  expect(parseLora('C:\\loras\\pan.safetensors:-0.5')).toEqual({ file: 'C:\\loras\\pan.safetensors', strength: -0.5 });
  expect(
    parseLoras(
      formatLoras([
        { file: '/x', strength: 0.25 },
        { file: '/y', strength: 1 },
      ]),
    ),
  ).toHaveLength(2);
  expect(parseLoras('')).toEqual([]);
  for (const wrong of ['a:', 'a:strong', 'a:1000']) expect(() => parseLora(wrong)).toThrow('FILE:STRENGTH');
  expect(() => parseLora('/loras/pan, slow.safetensors')).toThrow('must not have a comma');
});
