import { join } from 'node:path';

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, '../../..');

/** The folder for the tests' screenshots. */
export const ARTEFACTS = join(ROOT, '.cache', 'e2e');
