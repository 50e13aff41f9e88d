import { join } from 'node:path';
import { programPath } from '../../scripts/setup/programs.mjs';

const ROOT = join(import.meta.dirname, '../..');

/** The file that a process of a program runs, as in `npm start`. @param source from the project's root */
export const program = (source: string): string => programPath(ROOT, source);

/** What a process needs to start, when it gets nothing else of the tests' environment. */
export const START_ENV: Readonly<NodeJS.ProcessEnv> = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
};
