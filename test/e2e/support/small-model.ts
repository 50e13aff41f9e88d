import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './places.ts';

const CHECKPOINT = join(ROOT, 'test/golden/tiny-xt/checkpoint');

/** What a test's video is like unless it says otherwise: done in a second. */
const CARD = { title: 'Tiny', sizes: ['192x128'], defaults: { frames: 5, steps: 4 } };

/** The model of the tests, with random weights, that makes small videos of few steps. Its videos are noise. */
export interface SmallModel extends AsyncDisposable {
  readonly folder: string;
}

export async function makeSmallModel(): Promise<SmallModel> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-model-'));
  for (const name of await readdir(CHECKPOINT)) await symlink(join(CHECKPOINT, name), join(folder, name));
  await writeFile(join(folder, 'cinematica.json'), JSON.stringify(CARD));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
