import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findProgram } from './setup/find-program.mjs';

const root = join(import.meta.dirname, '..');
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}` };
const out = mkdtempSync(join(tmpdir(), 'protos-'));
afterAll(() => rmSync(out, { recursive: true }));

/** The public API, as docs/api.md names it. */
const PUBLIC = ['proto/cinematica/v1', 'proto/cinematica/stages/v1'];
const files = PUBLIC.flatMap((folder) => globSync(`${folder}/*.proto`, { cwd: root }));

/** Runs protoc, or else buf, which takes the same arguments. */
function protoc(...args: string[]): { readonly status: number | null; readonly errors: string } {
  const [command, ...first] = findProgram('protoc', env.PATH) === null ? ['buf', 'alpha', 'protoc'] : ['protoc'];
  const { status, stderr } = spawnSync(command, [...first, '-I', 'proto', ...args, ...files], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  return { status, errors: stderr };
}

test('the public protos compile with one include folder', () => {
  expect(files.length).toBeGreaterThan(10);
  expect(protoc(`--descriptor_set_out=${join(out, 'api.binpb')}`)).toEqual({ status: 0, errors: '' });
});

const goPlugins = ['go', 'go-grpc'];
const hasGo = ['go', ...goPlugins.map((name) => `protoc-gen-${name}`)].every((name) => findProgram(name, env.PATH));

test.skipIf(!hasGo)(
  'the Go code of the public protos compiles (needs go, protoc-gen-go and protoc-gen-go-grpc)',
  { timeout: 300_000 },
  () => {
    const options = goPlugins.flatMap((name) => [`--${name}_out=${out}`, `--${name}_opt=module=cinematica.dev/api`]);
    expect(protoc(...options)).toEqual({ status: 0, errors: '' });
    expect(readFileSync(join(out, 'cinematica/v1/video_service.pb.go'), 'utf8')).toContain('package cinematicav1');
    for (const args of [
      ['mod', 'init', 'cinematica.dev/api'],
      ['mod', 'tidy'],
      ['build', './...'],
    ]) {
      const { status, stderr } = spawnSync('go', args, { cwd: out, env, encoding: 'utf8' });
      expect(status, `go ${args.join(' ')}: ${stderr}`).toBe(0);
    }
  },
);

test('the only buf module with a name has the public protos, and nothing else', () => {
  const { modules } = parse(readFileSync(join(root, 'buf.yaml'), 'utf8')) as {
    modules: { name?: string; includes?: string[] }[];
  };
  const named = modules.filter(({ name }) => name !== undefined);
  expect(named.map(({ includes }) => includes)).toEqual([['proto/cinematica/v1', 'proto/cinematica/stages']]);
});
