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

const hasGo = findProgram('protoc-gen-go', env.PATH) !== null;

test.skipIf(!hasGo)('the public protos generate Go code without options for packages (needs protoc-gen-go)', () => {
  expect(protoc(`--go_out=${out}`, '--go_opt=module=cinematica.dev/api')).toEqual({ status: 0, errors: '' });
  const generated = readFileSync(join(out, 'cinematica/v1/video_service.pb.go'), 'utf8');
  expect(generated).toContain('package cinematicav1');
  expect(globSync('cinematica/stages/v1/*.pb.go', { cwd: out })).toHaveLength(6);
});

test('the only buf module with a name has the public protos, and nothing else', () => {
  const { modules } = parse(readFileSync(join(root, 'buf.yaml'), 'utf8')) as {
    modules: { name?: string; includes?: string[] }[];
  };
  const named = modules.filter(({ name }) => name !== undefined);
  expect(named.map(({ includes }) => includes)).toEqual([['proto/cinematica/v1', 'proto/cinematica/stages']]);
});
