import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldPhoto } from '../support/field-photo.ts';
import { startRealSystem } from '../support/real-system.ts';
import type { RealSystem } from '../support/real-system.ts';

const project = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Whether a command succeeds on this machine. */
const works = (command: string, ...args: string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  );
const hasPythonClient = await works('python3', '-c', 'import openai');
const hasCurl = await works('sh', '-c', 'curl --version && jq --version');

/** The examples of the document, by their language. */
const document = await readFile(join(project, 'docs/openai-api.md'), 'utf8');
const examples = (language: string): string =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code).join('\n');

const CARD = { title: 'Tiny', sizes: ['128x64'], window: 50, decodeChunk: 25, defaults: { steps: 1, maxGuidance: 1 } };

let system: RealSystem;
let folder: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cinematica-openai-'));
  system = await startRealSystem({}, { model: await smallModel() });
  await writeFile(join(folder, 'photo.jpg'), await fieldPhoto());
  await mkdir(join(folder, '.data'));
  await copyFile(join(system.folder, 'api-key'), join(folder, '.data/api-key'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(join(project, 'node_modules/openai'), join(folder, 'node_modules/openai'));
  const key = (await readFile(join(folder, '.data/api-key'), 'utf8')).trim();
  environment = { ...process.env, OPENAI_BASE_URL: `${system.url}/v1`, OPENAI_API_KEY: key };
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The test checkpoint with a model card whose defaults take little time. */
async function smallModel(): Promise<string> {
  const checkpoint = join(project, 'test/golden/tiny-xt/checkpoint');
  const model = join(folder, 'tiny');
  await mkdir(model);
  for (const name of await readdir(checkpoint)) await symlink(join(checkpoint, name), join(model, name));
  await writeFile(join(model, 'cinematica.json'), JSON.stringify(CARD));
  return model;
}

/** Runs the examples of a language as one program. @returns what it printed */
async function runExamples(command: string, args: readonly string[], file: string, code: string): Promise<string> {
  await writeFile(join(folder, file), code.replaceAll('http://localhost:8080', system.url));
  const { stdout } = await run(command, [...args, file], { cwd: folder, env: environment });
  return stdout;
}

/** Whether the example has left an MP4 file. Removes it. */
async function expectVideo(): Promise<void> {
  const file = join(folder, 'video.mp4');
  expect((await readFile(file)).subarray(4, 8).toString()).toBe('ftyp');
  await rm(file);
}

describe('the examples of docs/openai-api.md', () => {
  test('in JavaScript make, follow, download and delete a video with the published client', async () => {
    await runExamples(process.execPath, [], 'example.mjs', examples('js'));
    await expectVideo();
  });

  test.skipIf(!hasPythonClient)('in Python do the same with the published client of PyPI', async () => {
    await runExamples('python3', ['-W', 'ignore::DeprecationWarning'], 'example.py', examples('python'));
    await expectVideo();
  });

  test.skipIf(!hasCurl)('with curl make, remix, extend, list, download and delete videos', async () => {
    const printed = await runExamples('bash', ['-eu', '-o', 'pipefail'], 'example.sh', examples('sh'));
    await expectVideo();
    const lines = printed.trim().split('\n');
    expect(lines[0]).toMatch(/^\{"status":"completed","size":"\d+x\d+","seconds":"2","seed":7\}$/);
    expect(lines).toContainEqual(expect.stringMatching(/"param":"size","requested":"1792x1024"/));
    expect(lines).toContainEqual(expect.stringMatching(/"extended_from_video_id":"video_/));
    expect(lines).toContainEqual('{"count":2,"has_more":true}');
    expect(lines).toContainEqual(expect.stringMatching(/"object":"video.deleted","deleted":true/));
    expect(lines.at(-1)).toMatch(/"param":"num_frames","code":"invalid_value"/);
  });
});
