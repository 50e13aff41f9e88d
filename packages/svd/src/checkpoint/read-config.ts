import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CheckpointError } from './checkpoint-error.ts';

/**
 * Reads a JSON file of a checkpoint and validates it.
 * @throws CheckpointError that names the file, the field and the reason
 */
export async function readConfig<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CheckpointError(`${path} cannot be read: is this a checkpoint in diffusers' layout?`, { cause });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`);
  throw new CheckpointError(`${path}: ${problems.join('; ')}`, { cause: result.error });
}

/** A positive integer. */
export const count = z.int().positive();

/** One value for all levels, or a list with one value for each level. */
export const perLevel = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item)]);

/**
 * Expands a value to a list with one entry for each level.
 * @throws CheckpointError when a list has another number of entries
 */
export function expandPerLevel<Item>(value: Item | Item[], levels: number, name: string): Item[] {
  if (!Array.isArray(value)) return new Array<Item>(levels).fill(value);
  if (value.length !== levels) {
    throw new CheckpointError(`config: ${name} has ${value.length} entries, but the model has ${levels} levels`);
  }
  return value;
}
