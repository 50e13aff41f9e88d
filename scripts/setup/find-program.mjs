import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Finds a program, as a shell does.
 *
 * @param {string} command
 * @param {string} [path] the folders to search, separated as in PATH; by default those of PATH
 * @returns {string | null} the program's path; null when there is none
 */
export function findProgram(command, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter)) {
    const program = join(folder, command);
    try {
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      continue;
    }
  }
  return null;
}
