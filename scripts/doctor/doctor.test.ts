import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NvidiaDevice } from '@cinematica/svd';
import { findNvidiaDevices } from '../gpu/nvidia-devices.ts';
import { writeNvidiaSmi } from '../gpu/testing/nvidia-smi.ts';
import { fault, good, warning } from './finding.ts';
import type { Section } from './finding.ts';
import { examineGpus } from './gpu.ts';
import { examineModel } from './model.ts';
import type { Computing } from './model.ts';
import { parseDoctorOptions } from './options.ts';
import { formatPage } from './page.ts';
import { examineSystem } from './system.ts';

const device: NvidiaDevice = {
  uuid: 'GPU-1',
  name: 'Tesla',
  driver: '580.95',
  computeCapability: '8.9',
  memory: 2 ** 34,
  memoryUsed: 0,
};
const project = join(import.meta.dirname, '..', '..');
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'doctor-'))));
afterEach(() => rm(folder, { recursive: true }));

/** Runs the command with a made-up GPU whose driver is too old. */
async function doctor(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const bin = join(folder, 'bin');
  await writeNvidiaSmi(bin, [{ driver: '535.104' }]);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, EXECUTION_PROVIDER: 'cpu' };
  const command = [join(project, 'scripts', 'doctor.ts'), '--data', join(folder, 'data'), ...args];
  return promisify(execFile)(process.execPath, command, { env }).then(
    (result) => ({ status: 0, ...result }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, stdout, stderr };
    },
  );
}

test('the command finds what is here, as JSON too', async () => {
  const { status, stdout } = await doctor('--json', '--model', join(project, 'test/golden/tiny-xt/checkpoint'));
  const { ok, sections } = JSON.parse(stdout) as { ok: boolean; sections: Section[] };
  expect(status).toBe(ok ? 0 : 1);
  const find = (name: string) => sections.flatMap(({ findings }) => findings).find((finding) => finding.name === name);
  expect(find('NVIDIA')).toEqual({
    name: 'NVIDIA',
    state: 'warning',
    text: 'NVIDIA L4: its driver 535.104 is too old for CUDA 13',
    cure: 'install NVIDIA’s driver 580 or newer',
  });
  expect(find('cpu')).toEqual(good('cpu', 'works, and is used (chosen by EXECUTION_PROVIDER=cpu)'));
  expect(find('Node')?.text).toContain(process.versions.node);
  for (const name of ['memory', 'disk', 'licence', 'fits']) expect(find(name)?.text, name).toBeTruthy();
});

test('the command fails when there is no model, and says how to get one', async () => {
  const { status, stdout } = await doctor('--model', join(folder, 'nowhere'));
  expect(status).toBe(1);
  expect(stdout).toMatch(/✗ model .+nowhere.+\n +→ .+npm run weights -- svd-xt/);
  expect(stdout).toMatch(/prevents? a video: .*model/);
});

test('wrong arguments are refused with the usage', async () => {
  const { status, stderr } = await doctor('--port', '0');
  expect([status, stderr]).toEqual([2, '--port takes a number from 1 to 65535, not “0”.\n']);
  expect(() => parseDoctorOptions(['--jsn'], '/', '/')).toThrow('npm run doctor -- [--model PATH]');
  expect(() => parseDoctorOptions(['--provider', 'gpu'], '/', '/')).toThrow('--provider="gpu" is none of');
  expect(parseDoctorOptions(['--provider', 'webgpu', '--lora', 'a.safetensors:2'], '/', '/home')).toMatchObject({
    provider: 'webgpu',
    loras: [{ file: '/home/a.safetensors', strength: 2 }],
  });
});

test('the page has the cure below each fault, and ends with what prevents a video', () => {
  const findings = [
    good('Node', '24'),
    fault('nats', 'broken', 'install it again'),
    warning('disk', 'full', 'free some'),
  ];
  expect(formatPage('1.0', [{ title: 'Programs', findings }], false)).toBe(
    [
      'Cinemática 1.0',
      '',
      'Programs',
      '  ✓ Node  24',
      '  ✗ nats  broken',
      '          → install it again',
      '  ! disk  full',
      '          → free some',
      '',
      'One thing prevents a video: nats.',
      '',
    ].join('\n'),
  );
});

test('a GPU without a driver, one that is too old, and none', async () => {
  const pci = join(folder, 'sys', 'bus', 'pci', 'devices', '0000:01:00.0');
  await mkdir(pci, { recursive: true });
  await writeFile(join(pci, 'vendor'), '0x10de\n');
  await writeFile(join(pci, 'class'), '0x030200\n');
  const { findings } = await examineGpus(project, await findNvidiaDevices({ path: '', system: folder }));
  expect(findings).toEqual([
    warning(
      'NVIDIA',
      'This machine has an NVIDIA GPU, but no driver for it',
      'install NVIDIA’s driver 580 or newer (in a container: start it with --gpus all)',
    ),
  ]);
  const old = await examineGpus(project, { devices: [{ ...device, computeCapability: '6.1' }], problem: null });
  expect(old.findings[0]).toEqual(
    warning(
      'NVIDIA',
      'Tesla is too old: CUDA 13 needs compute capability 7.5 or newer, not 6.1',
      'use another GPU, or the CPU',
    ),
  );
  expect((await examineGpus(project, { devices: [], problem: null })).findings[0]?.text).toContain('none');
});

test('whether the model fits is known for the CPU and for CUDA only', async () => {
  const model = join(project, 'test/golden/tiny-xt/checkpoint');
  const fits = async (computing: Computing) => (await examineModel(model, [], computing)).findings.at(-1);
  expect((await fits({ provider: 'cpu', device: null }))?.text).toContain('on the CPU');
  expect((await fits({ provider: 'webgpu', device: null }))?.text).toContain('not known for webgpu');
  expect((await fits({ provider: 'cuda', device: null }))?.state).toBe('note');
  expect((await fits({ provider: 'cuda', device }))?.state).toBe('good');
  const used = { ...device, memoryUsed: (device.memory ?? 0) - 2 ** 30 };
  expect((await fits({ provider: 'cuda', device: used }))?.state).toBe('warning');
  expect((await fits({ provider: 'cuda', device: { ...used, memoryUsed: null } }))?.state).toBe('good');
  expect(await fits({ provider: 'cuda', device: { ...device, memory: 2 ** 31 } })).toMatchObject({
    state: 'warning',
    text: 'encoder, denoiser and decoder share the GPU, and take about 4 GiB of its memory; it has 2 GiB',
  });
});

test('a port in use has a cure', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [finding] = (await examineSystem(join(folder, 'data'), port)).findings;
  server.close();
  expect(finding).toMatchObject({ state: 'warning', text: 'is in use by another program' });
  expect(finding?.cure).toMatch(/^choose another, as in “npm start -- --port \d+”\.$/);
});
