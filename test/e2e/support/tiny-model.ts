import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './paths.ts';

const CHECKPOINT = join(ROOT, 'test/golden/tiny-xt/checkpoint');

/** The model card; its defaults make a video in about a second. */
const CARD = { title: 'Tiny', sizes: ['192x128'], defaults: { frames: 5, steps: 4 } };

/** A small model with random weights; its videos are noise. */
export interface TinyModel extends AsyncDisposable {
  readonly folder: string;
}

export async function createTinyModel(): Promise<TinyModel> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-model-'));
  for (const name of await readdir(CHECKPOINT)) await symlink(join(CHECKPOINT, name), join(folder, name));
  await writeFile(join(folder, 'cinematica.json'), JSON.stringify(CARD));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
