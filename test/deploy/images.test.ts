import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { readPinnedWheels } from '../../scripts/gpu/pinned-wheels.ts';
import { GATEWAY_NODE_OPTIONS } from '../../scripts/launch/environment.ts';
import { KUSTOMIZE, render, workloadsOf } from './manifests.ts';

const root = resolve(import.meta.dirname, '../..');
const docker = (name: string) => readFile(join(root, 'deploy/docker', name), 'utf8');

test('the base images are pinned by digest', async () => {
  const file = await docker('Dockerfile');
  const bases = [...file.matchAll(/^FROM (\S+)(?: AS (\w+))?/gm)].map(([, base = '', name = '']) => ({ base, name }));
  for (const { base } of bases) {
    const argument = /^\$\{(\w+)\}$/.exec(base)?.[1];
    if (argument === undefined) expect(bases.map(({ name }) => name)).toContain(base);
    else expect(file).toMatch(new RegExp(`^ARG ${argument}=\\S+@sha256:[0-9a-f]{64}$`, 'm'));
  }
  for (const target of ['service', 'gpu']) {
    const stage = file.slice(file.indexOf(`FROM runtime AS ${target}\n`));
    expect(stage.slice(0, stage.indexOf('\nFROM ') + 1 || undefined), target).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  }
});

test('the CUDA provider has the version of onnxruntime-node', async () => {
  const require = createRequire(join(root, 'packages/svd/package.json'));
  const { version } = require('onnxruntime-node/package.json') as { readonly version: string };
  expect(await docker('Dockerfile')).toContain(`\nARG ONNXRUNTIME_VERSION=${version}\n`);
  const wheels = await readPinnedWheels(root);
  expect(wheels.find(({ name }) => name === 'onnxruntime-gpu')?.version).toBe(version);
  for (const { requirement } of wheels) expect(requirement).toMatch(/^[a-z0-9-]+==\S+ --hash=sha256:[0-9a-f]{64}$/);
  const cuda = wheels.find(({ name }) => name === 'nvidia-cuda-runtime')?.version;
  expect(await readFile(join(root, 'test/dry-run-gpu/wheels.txt'), 'utf8')).toContain(`\nnvidia-cuda-crt==${cuda} `);
});

describe.skipIf(KUSTOMIZE === null)('the programs of the manifests', () => {
  const containers = KUSTOMIZE === null ? [] : workloadsOf(render('base')).flatMap(({ spec }) => spec.containers);
  const ours = containers.filter(({ image }) => image.startsWith('cinematica/'));

  test('exist and have the current version', () => {
    for (const { name, image, args } of ours) {
      expect(image, name).toBe(`cinematica/service:${packageJson.version}`);
      // The web app is built together with the image.
      const program = args.find((argument) => !argument.startsWith('-')) ?? '';
      if (name !== 'web') expect(existsSync(join(root, program)), name).toBe(true);
    }
    expect(ours.length).toBe(containers.length - 1);
  });

  test('the gateway has the same options of Node as in a local system', () => {
    const gateway = ours.find(({ name }) => name === 'gateway');
    expect(gateway?.args.slice(0, -1).join(' ')).toBe(GATEWAY_NODE_OPTIONS);
  });
});
