import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';

/** Keeps what was found out about a device, in a folder. */
export interface FindingStore {
  /** @returns null when nothing is known about the key, or the file is damaged */
  read<T>(key: object, schema: z.ZodType<T>): Promise<T | null>;
  /** @throws the error of the file system */
  write(key: object, value: unknown): Promise<void>;
}

/** A store that keeps nothing. */
const FORGETFUL: FindingStore = { read: () => Promise.resolve(null), write: () => Promise.resolve() };

/** @param folder null to keep nothing */
export function createFindingStore(folder: string | null): FindingStore {
  if (folder === null) return FORGETFUL;
  const pathOf = (text: string) => join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 24)}.json`);
  return {
    async read(key, schema) {
      const text = JSON.stringify(key);
      const content = await readFile(pathOf(text), 'utf8').catch(() => '');
      try {
        const { key: written, value } = JSON.parse(content) as { key?: unknown; value?: unknown };
        // A damaged file, and one of another key, say nothing.
        return JSON.stringify(written) === text ? (schema.safeParse(value).data ?? null) : null;
      } catch {
        return null;
      }
    },
    async write(key, value) {
      const path = pathOf(JSON.stringify(key));
      const partial = `${path}.${process.pid}`;
      await mkdir(folder, { recursive: true });
      try {
        await writeFile(partial, `${JSON.stringify({ key, value }, null, 2)}\n`);
        await rename(partial, path);
      } finally {
        await rm(partial, { force: true });
      }
    },
  };
}

/** What the user should know when a finding could not be written. */
export const notKept = (error: unknown): string =>
  `what was found is not kept: ${error instanceof Error ? error.message : String(error)}`;
