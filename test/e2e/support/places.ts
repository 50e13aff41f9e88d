import { join } from 'node:path';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '../../..');

/** Where the tests leave what is to be looked at. */
export const ARTEFACTS = join(ROOT, '.cache', 'e2e');
