import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PUBLISHED_CHECKPOINTS } from '../download/published-checkpoints.ts';
import { startTestHub } from '../download/test-hub.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function weights(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'weights.ts'), ...args], {
    env: { ...process.env, HF_TOKEN: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number>((resolve) => void child.once('exit', (code) => resolve(code ?? -1)));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

test.each([
  [[], 'the name of a model is missing'],
  [['sdxl'], 'there is no model with the name sdxl'],
  [['svd', 'svd-xt'], 'only one model can be downloaded at a time'],
  [['svd', '--fast'], "Unknown option '--fast'"],
  [['svd', '--to', ''], '--to needs a folder'],
])('prints the usage for the arguments %j', async (args, reason) => {
  const { code, out, err } = await weights(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(reason);
  expect(err).toContain('usage: npm run weights -- NAME');
});

test('shows the licence, and downloads nothing before it is accepted', async () => {
  const { code, err } = await weights(['svd-xt', '--to', folder]);
  expect(code).toBe(1);
  expect(err).toContain('Stability AI Community License Agreement');
  expect(err.trimEnd().split('\n').at(-1)).toBe(
    'the licence must be accepted: run this command in a terminal, or with --accept-licence',
  );
});

test('reports an unreachable hub in one line', async () => {
  const hub = await startTestHub({});
  await hub[Symbol.asyncDispose]();
  const { code, err } = await weights(['svd', '--to', folder, '--yes'], { HF_ENDPOINT: hub.endpoint });
  expect(code).toBe(1);
  expect(err).toMatch(/\ncannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\): check the connection.*\n$/);
});

test('downloads a checkpoint, checks it and stores it in the given folder', async () => {
  const paths = PUBLISHED_CHECKPOINTS.find(({ name }) => name === 'svd')?.files.map(({ path }) => path) ?? [];
  await using hub = await startTestHub(Object.fromEntries(paths.map((path) => [path, Buffer.from(`["${path}"]`)])));
  const target = join(folder, 'a b', 'svd');
  const { code, out, err } = await weights(['svd', '--to', target, '--accept-licence'], { HF_ENDPOINT: hub.endpoint });
  expect({ code, out }).toEqual({ code: 0, out: `${target}\n` });
  expect(err).toContain('checked against the digests of the hub');
  expect(paths).toHaveLength(10);
  for (const path of paths) expect(await readFile(join(target, path), 'utf8')).toBe(`["${path}"]`);
});
