import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deployTools } from './deploy-tools.mjs';
import { prometheusToObserve } from './prometheus.mjs';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'deploy-tools-'));
  for (const name of ['KUSTOMIZE', 'PROMTOOL', 'PROMETHEUS', 'CI']) vi.stubEnv(name, undefined);
  // Neither the tools nor a package manager that could bring them.
  vi.stubEnv('PATH', join(root, 'bin'));
  await mkdir(join(root, 'bin'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

test('finds tools by their variables and on PATH', async () => {
  const promtool = join(root, 'bin', 'promtool');
  await writeFile(promtool, '');
  await chmod(promtool, 0o755);
  vi.stubEnv('KUSTOMIZE', '/elsewhere/kustomize');
  vi.stubEnv('PROMETHEUS', '/elsewhere/prometheus');
  const found = { KUSTOMIZE: '/elsewhere/kustomize', PROMTOOL: promtool, PROMETHEUS: '/elsewhere/prometheus' };
  expect(await deployTools(root)).toEqual(found);
});

test('missing tools are an error on CI only', async () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  expect(await deployTools(root)).toEqual({});
  expect(said).toHaveBeenCalledWith(expect.stringContaining('kustomize is not on PATH'));
  said.mockRestore();
  vi.stubEnv('CI', 'true');
  await expect(deployTools(root)).rejects.toThrow('kustomize is not on PATH and could not be installed.');
});

test('Prometheus is needed only with --observe', async () => {
  expect(await prometheusToObserve(root, {}, ['--lan'])).toEqual({});
  await expect(prometheusToObserve(root, {}, ['--lan', '--observe'])).rejects.toThrow(
    'prometheus is not on PATH and could not be installed.',
  );
});
