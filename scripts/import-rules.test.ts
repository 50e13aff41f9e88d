import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'import-rules-'));
  for (const name of ['a', 'b']) {
    const manifest = { name: `@x/${name}`, type: 'module', exports: { '.': './src/index.ts' } };
    await put(`packages/${name}/package.json`, JSON.stringify(manifest));
    await put(`packages/${name}/src/index.ts`, `export const ${name} = 1;\nexport type Kind = '${name}';\n`);
  }
  await mkdir(join(project, 'node_modules', '@x'), { recursive: true });
  for (const name of ['a', 'b']) await symlink(join(project, 'packages', name), join(project, 'node_modules/@x', name));
});

afterEach(() => rm(project, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

const inPipeline = (path: string): string => `packages/pipeline/src/${path}`;

/** @returns the names of the rules that the project breaks */
async function brokenRules(): Promise<string[]> {
  const args = ['--config', join(root, 'import-rules.js'), '--output-type', 'json', '.'];
  const { stdout } = await promisify(execFile)(join(root, 'node_modules', '.bin', 'depcruise'), args, { cwd: project });
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
  return [...new Set(summary.violations.map(({ rule }) => rule.name))].sort();
}

test('only the NATS room of the pipeline uses the NATS client', async () => {
  await put('node_modules/@nats-io/kv/package.json', JSON.stringify({ name: '@nats-io/kv', main: 'index.js' }));
  await put('node_modules/@nats-io/kv/index.js', '');
  await put(inPipeline('nats/records.ts'), `import '@nats-io/kv';\n`);
  expect(await brokenRules()).toEqual([]);
  await put(inPipeline('process/worker.ts'), `import '@nats-io/kv';\n`);
  expect(await brokenRules()).toEqual(['nats-behind-ports']);
});

test('only the S3 room uses the S3 client, and the room is loaded when it is needed', async () => {
  await put(
    'node_modules/@aws-sdk/client-s3/package.json',
    JSON.stringify({ name: '@aws-sdk/client-s3', main: 'index.js' }),
  );
  await put('node_modules/@aws-sdk/client-s3/index.js', '');
  await put(inPipeline('s3/artifacts.ts'), `import '@aws-sdk/client-s3';\n`);
  await put(inPipeline('storage/artifacts.ts'), `export const open = () => import('../s3/artifacts.ts');\n`);
  expect(await brokenRules()).toEqual([]);
  await put(inPipeline('storage/artifacts.ts'), `import '../s3/artifacts.ts';\nimport '@aws-sdk/client-s3';\n`);
  expect(await brokenRules()).toEqual(['s3-behind-ports', 's3-loaded-when-needed']);
});

test('an import of a package by its name is allowed', async () => {
  await put('packages/b/src/use.ts', `import { a } from '@x/a';\nexport const b = a;\n`);
  await put('services/encoder/src/main.ts', `import { b } from '@x/b';\nconsole.log(b);\n`);
  await put('test/encoder.test.ts', `import '../scripts/start.ts';\nimport '@x/a';\n`);
  await put('scripts/start.ts', `export {};\n`);
  expect(await brokenRules()).toEqual([]);
});

test.each([
  ['no-cycle', 'packages/a/src/one.ts', './two.ts', 'packages/a/src/two.ts', './one.ts'],
  ['public-door', 'scripts/start.ts', '../packages/a/src/index.ts', 'scripts/other.ts', 'node:fs'],
  ['public-door', 'test/a.test.ts', '../packages/a/src/index.ts', 'scripts/other.ts', 'node:fs'],
  ['public-door-of-neighbours', 'packages/b/src/use.ts', '../../a/src/index.ts', 'scripts/other.ts', 'node:fs'],
  ['packages-at-the-bottom', 'packages/a/src/use.ts', '../../../scripts/other.ts', 'scripts/other.ts', 'node:fs'],
  ['services-apart', 'services/encoder/src/main.ts', '../../../scripts/other.ts', 'scripts/other.ts', 'node:fs'],
  ['web-uses-protocol-and-settings', 'web/src/app.ts', '@x/a', 'scripts/other.ts', 'node:fs'],
  [
    'domain-below-s3-and-nats-and-storage-and-process',
    inPipeline('domain/a.ts'),
    '../nats/b.ts',
    inPipeline('nats/b.ts'),
    'node:fs',
  ],
  ['nats-below-storage-and-process', inPipeline('nats/a.ts'), '../process/b.ts', inPipeline('process/b.ts'), 'node:fs'],
  ['no-tests-in-programs', 'scripts/start.ts', '../test/helper.ts', 'test/helper.ts', 'node:fs'],
])('%s: %s must not import %s, not even its types', async (rule, file, imported, otherFile, otherImported) => {
  await put(file, `import type { Kind } from '${imported}';\nexport type Used = Kind;\n`);
  await put(otherFile, `import type { Kind } from '${otherImported}';\nexport type { Kind };\n`);
  expect(await brokenRules()).toEqual([rule]);
});
