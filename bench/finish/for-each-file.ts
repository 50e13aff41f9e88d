import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';

/**
 * Measures files one after another and tells on stderr when one is done.
 * @param json the file for the list of results; none without it.
 */
export async function forEachFile<Result>(
  files: readonly string[],
  json: string | undefined,
  measure: (file: string) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const file of files) {
    results.push(await measure(file));
    console.error(`› ${basename(file)}`);
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
  return results;
}
