import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const binaries = join(import.meta.dirname, '..', 'node_modules', '.bin');
const env = { ...process.env, PATH: `${binaries}:${process.env.PATH ?? ''}`, GIT_CONFIG_GLOBAL: '/dev/null' };

let repository: string;

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'breaking-'));
  mkdirSync(join(repository, 'proto', 'shop', 'v1'), { recursive: true });
  writeFileSync(join(repository, 'buf.yaml'), 'version: v2\nmodules:\n  - path: proto\nbreaking:\n  use: [FILE]\n');
  git('init', '--quiet', '--initial-branch=main');
});

afterEach(() => rmSync(repository, { recursive: true }));

function git(...args: string[]): void {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  execFileSync('git', [...author, ...args], { cwd: repository, env });
}

/** Commits a message with these fields. */
function commit(...fields: string[]): void {
  const text = `syntax = "proto3";\npackage shop.v1;\nmessage Order {\n${fields.join('\n')}\n}\n`;
  writeFileSync(join(repository, 'proto', 'shop', 'v1', 'order.proto'), text);
  git('add', '.');
  git('commit', '--quiet', '--message', 'change');
}

function check(): { readonly status: number | null; readonly output: string } {
  const program = join(import.meta.dirname, 'check-breaking.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    cwd: repository,
    env,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

test('the check is skipped without the tag of a release', () => {
  commit('string id = 1;');
  git('tag', 'draft');
  expect(check()).toEqual({
    status: 0,
    output: expect.stringMatching(/^skipped: .*needs the tag of a release/) as string,
  });
});

test('a new field passes, and a committed change of a released field fails', () => {
  commit('string id = 1;');
  git('tag', 'v0.9.0');
  commit('string id = 1;', 'string note = 2;');
  git('tag', 'v0.10.0');
  commit('string id = 1;', 'string note = 2;', 'int32 count = 3;');
  expect(check()).toEqual({ status: 0, output: '' });

  commit('string id = 1;', 'int32 note = 2;');
  const { status, output } = check();
  expect(status).toBe(1);
  expect(output).toContain('Field "2" with name "note" on message "Order" changed type from "string" to "int32"');
  expect(output).toContain('The .proto files break the API of v0.10.0.');
});

test('the check works in a worktree', () => {
  commit('string id = 1;');
  git('tag', 'v1.0.0');
  git('worktree', 'add', '--quiet', 'other', '-b', 'other');
  repository = join(repository, 'other');
  commit('int32 id = 1;');
  expect(check().status).toBe(1);
  repository = join(repository, '..');
});

test('the check is skipped where the release has no .proto files', () => {
  rmSync(join(repository, 'proto'), { recursive: true });
  git('add', '.');
  git('commit', '--quiet', '--message', 'empty');
  git('tag', 'v0.1.0');
  expect(check().output).toBe(
    'skipped: buf breaking has nothing to compare with, because v0.1.0 has no .proto files\n',
  );
});
