import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from './usage-error.ts';

/** The path of the checkpoint. Default: models/nano. @throws UsageError when neither exists */
export function findModel(given: string | undefined, project: string): string {
  if (given !== undefined) return resolve(given);
  const nano = join(project, 'models', 'nano');
  if (existsSync(join(nano, 'model_index.json'))) return nano;
  throw new UsageError(
    'which model? Give its file or folder with --model; npm run weights -- svd-xt fetches Stable Video Diffusion XT into weights/svd-xt',
  );
}
