import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { CheckpointError } from './checkpoint-error.ts';
import { MODEL_CARD_FILE } from './model-card.ts';
import { GET_WEIGHTS } from './original/describe-file.ts';

/** Where a checkpoint is, and in which layout. */
export interface FoundCheckpoint {
  /** `diffusers`: a folder with `model_index.json`. `original`: one file with all components. */
  readonly layout: 'diffusers' | 'original';
  /** The folder or the file. */
  readonly path: string;
  /** The path of its model card, which need not exist. Null for a file that is not alone in its folder. */
  readonly cardFile: string | null;
  /** The name of the folder or file, without an extension. */
  readonly name: string;
  /** What the user should know of the folder, one line each. */
  readonly warnings: readonly string[];
}

const PICKLED = /\.(ckpt|bin|pt|pth)$/i;
const SAFETENSORS = /\.safetensors$/i;

/**
 * Finds the checkpoint at a path: a folder in diffusers' layout, a `.safetensors` file, or a folder with only one such file.
 * @throws CheckpointError that says what is at the path, and what to do
 */
export async function findCheckpoint(path: string): Promise<FoundCheckpoint> {
  const info = await stat(path).catch(() => null);
  if (!info) throw new CheckpointError(`${path}: there is no such file or folder. ${GET_WEIGHTS}`);
  if (info.isDirectory()) return inFolder(path);
  if (!info.isFile()) throw new CheckpointError(`${path} is neither a file nor a folder`);
  if (PICKLED.test(path)) throw refusePickled(path);
  if (SAFETENSORS.test(path)) {
    const beside = await readdir(dirname(path));
    const isAlone = beside.filter((name) => SAFETENSORS.test(name)).length === 1;
    return original(path, isAlone, beside.includes(MODEL_CARD_FILE));
  }
  throw new CheckpointError(
    `${path}: a model is a .safetensors file of Stable Video Diffusion, or a folder in diffusers' layout. ${GET_WEIGHTS}`,
  );
}

async function inFolder(folder: string): Promise<FoundCheckpoint> {
  const names = await readdir(folder);
  if (names.includes('model_index.json')) {
    return {
      layout: 'diffusers',
      path: folder,
      cardFile: join(folder, MODEL_CARD_FILE),
      name: basename(folder),
      warnings: [],
    };
  }
  const files = names.filter((name) => SAFETENSORS.test(name)).sort();
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0)
    return original(join(folder, only), true, names.includes(MODEL_CARD_FILE));
  if (only !== undefined) {
    throw new CheckpointError(`${folder} has several models (${files.join(', ')}): give one of these files`);
  }
  const pickled = names.find((name) => PICKLED.test(name));
  if (pickled !== undefined) throw refusePickled(join(folder, pickled));
  throw new CheckpointError(
    `${folder} is not a checkpoint: it has neither model_index.json (diffusers' layout) nor a .safetensors file. ${GET_WEIGHTS}`,
  );
}

const original = (path: string, isAlone: boolean, hasCard: boolean): FoundCheckpoint => ({
  layout: 'original',
  path,
  cardFile: isAlone ? join(dirname(path), MODEL_CARD_FILE) : null,
  name: basename(path, extname(path)),
  warnings:
    hasCard && !isAlone
      ? [
          `${join(dirname(path), MODEL_CARD_FILE)} is not used: it does not say for which of the models in its folder it is. ` +
            `Move ${basename(path)} and its ${MODEL_CARD_FILE} into a folder of their own`,
        ]
      : [],
});

/** A pickle can run any program when it is read, so it is never opened. */
const refusePickled = (path: string): CheckpointError =>
  new CheckpointError(
    `${path}: this is a pickle, which can run programs when it is read, and is never opened: take the .safetensors file ` +
      `of the same model, or convert it. ${GET_WEIGHTS}`,
  );
