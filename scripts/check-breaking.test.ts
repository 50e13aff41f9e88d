import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}` };

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'breaking-'));
  const config = 'breaking:\n  use: [FILE]\n  ignore: [proto/shop/internal]\n';
  writeFileSync(join(project, 'buf.yaml'), `version: v2\nmodules:\n  - path: proto\n${config}`);
  write('v1', 'string id = 1;', 'string note = 2;');
  write('internal', 'string id = 1;', 'string note = 2;');
  const release = ['build', 'proto', '--exclude-source-info', '--output', 'proto/release.binpb'];
  execFileSync('buf', release, { cwd: project, env });
});

afterEach(() => rmSync(project, { recursive: true }));

/** Writes the message of a package with these fields. */
function write(name: string, ...fields: string[]): void {
  mkdirSync(join(project, 'proto', 'shop', name), { recursive: true });
  const text = `syntax = "proto3";\npackage shop.${name};\nmessage Order {\n${fields.join('\n')}\n}\n`;
  writeFileSync(join(project, 'proto', 'shop', name, 'order.proto'), text);
}

function check(cwd = project): { readonly status: number | null; readonly output: string } {
  const program = join(import.meta.dirname, 'check-breaking.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { cwd, env, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

test('a new field passes', () => {
  write('v1', 'string id = 1;', 'string note = 2;', 'int32 count = 3;');
  expect(check()).toEqual({ status: 0, output: '' });
});

test('another type of a released field fails', () => {
  write('v1', 'string id = 1;', 'int32 note = 2;');
  const { status, output } = check();
  expect(status).toBe(1);
  expect(output).toContain('Field "2" with name "note" on message "Order" changed type from "string" to "int32"');
  expect(output).toContain('break the API or the stored records of the last release');
});

test('another name of a field fails in the API and passes in stored records', () => {
  write('internal', 'string id = 1;', 'string remark = 2;');
  expect(check()).toEqual({ status: 0, output: '' });
  write('v1', 'string id = 1;', 'string remark = 2;');
  expect(check().status).toBe(1);
});

test('another type of a stored field fails', () => {
  write('internal', 'string id = 1;', 'int32 note = 2;');
  expect(check().status).toBe(1);
});

test('the check fails without the descriptors of a release', () => {
  rmSync(join(project, 'proto', 'release.binpb'));
  expect(check().status).toBe(1);
});
