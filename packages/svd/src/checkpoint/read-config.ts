import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { CheckpointError } from './checkpoint-error.ts';

/** The largest file of published checkpoints has a few kilobytes. A deeply nested file of 50 MB takes 7 s to parse. */
const MAX_BYTES = 1_000_000;

/**
 * Reads a JSON file of a checkpoint and validates it. The file must be a regular file of at most 1 MB.
 * @throws CheckpointError that names the file, the field and the reason
 */
export async function readConfig<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
  return (await readConfigFile(path, schema)).config;
}

/** Does the same, and returns the bytes of the file, too. */
export async function readConfigFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<{ readonly config: z.output<Schema>; readonly content: Buffer }> {
  const content = await readSmallFile(path);
  return { config: parseConfig(path, content.toString('utf8'), schema), content };
}

/**
 * Parses the text of a JSON file of a checkpoint, or JSON that stands in another file, of at most 1 MB, and validates it.
 * @param path names the text in errors
 * @throws CheckpointError that names the text, the field and the reason
 */
export function parseConfig<Schema extends z.ZodType>(path: string, text: string, schema: Schema): z.output<Schema> {
  if (text.length > MAX_BYTES) throw new CheckpointError(`${path} has ${text.length} characters; the limit is 1 MB`);
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

async function readSmallFile(path: string): Promise<Buffer> {
  try {
    // Reading a pipe or a device may never end.
    const found = await stat(path);
    if (!found.isFile()) throw new CheckpointError(`${path} is not a regular file`);
    if (found.size > MAX_BYTES) throw new CheckpointError(`${path} has ${found.size} bytes; the limit is 1 MB`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const reason = isMissing(cause) ? "is this a checkpoint in diffusers' layout?" : (cause as Error).message;
    throw new CheckpointError(`${path} cannot be read: ${reason}`, { cause });
  }
}

/** Whether an error, or its cause, is that there is no such file. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && ((error as NodeJS.ErrnoException).code === 'ENOENT' || isMissing(error.cause));

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
