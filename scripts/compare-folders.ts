import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * Compares two folders byte for byte, with what is below them; a folder that does not exist counts as empty.
 *
 * @returns a line `path: what` for each file that differs, in the paths' order; `missing` and `surplus` describe `is`
 */
export function compareFolders(is: string, shouldBe: string): string[] {
  const [have, want] = [filesBelow(is), filesBelow(shouldBe)];
  return [...new Set([...have, ...want])].sort().flatMap((path) => {
    if (!have.has(path)) return [`${path}: missing`];
    if (!want.has(path)) return [`${path}: surplus`];
    return readFileSync(join(is, path)).equals(readFileSync(join(shouldBe, path))) ? [] : [`${path}: differs`];
  });
}

function filesBelow(folder: string): ReadonlySet<string> {
  if (!existsSync(folder)) return new Set();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Set(
    entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name))),
  );
}
