import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * @param {string} command
 * @param {string} [path] folders, as in the environment's PATH, which is where it looks without it
 * @returns {string | null} the program's path; null where there is none
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
