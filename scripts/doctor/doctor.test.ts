import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeNvidiaSmi } from '../gpu/testing/nvidia-smi.ts';
import { fault, good, warning } from './finding.ts';
import type { Section } from './finding.ts';
import { examineGpus } from './gpu.ts';
import { parseDoctorOptions } from './options.ts';
import { formatPage } from './page.ts';
import { proofsFile, showProofs } from './proofs.ts';
import { examineSystem } from './system.ts';

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
  expect(stdout).toMatch(/✗ model .+nowhere is not a folder.+\n +→ .+npm run weights -- svd-xt/);
  expect(stdout).toContain('prevents a video: model.');
});

test('wrong arguments are refused with the usage', async () => {
  const { status, stderr } = await doctor('--port', '0');
  expect([status, stderr]).toEqual([2, '--port takes a number from 1 to 65535, not “0”.\n']);
  expect(() => parseDoctorOptions(['--jsn'], '/', '/')).toThrow('npm run doctor -- [--model DIR]');
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

test('a GPU without a driver, and CUDA libraries that are not installed yet', async () => {
  const problem = 'This machine has an NVIDIA GPU, but no driver for it: install one';
  expect((await examineGpus(project, { devices: [], problem })).findings).toEqual([
    warning('NVIDIA', 'This machine has an NVIDIA GPU, but no driver for it', 'install one'),
  ]);
  expect((await examineGpus(project, { devices: [], problem: null })).findings[0]?.text).toContain('none');
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

test('proofs of this machine are shown, also an unreadable file', async () => {
  expect(await showProofs(folder)).toBeNull();
  const file = proofsFile(folder);
  const proof = {
    provider: 'cuda',
    device: 'NVIDIA L4',
    driver: '580.95',
    library: '1.30.0',
    graphs: '7',
    passed: true,
  };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(
    file,
    JSON.stringify([
      { ...proof, replaced: ['SkipGroupNorm'], stepMs: 381.4 },
      { ...proof, passed: false },
    ]),
  );
  expect((await showProofs(folder))?.findings.map(({ state, text }) => [state, text])).toEqual([
    [
      'note',
      'gives the right numbers on NVIDIA L4, driver 580.95, ONNX Runtime 1.30.0; ' +
        'without SkipGroupNorm, which give wrong numbers; a step takes 381 ms',
    ],
    ['warning', 'gives wrong numbers on NVIDIA L4, driver 580.95, ONNX Runtime 1.30.0'],
  ]);
  await writeFile(file, '{');
  expect((await showProofs(folder))?.findings[0]?.cure).toContain('remove it');
});
