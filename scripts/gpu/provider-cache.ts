import { join } from 'node:path';

/** Where a system on this machine keeps what it finds out about the providers on its GPUs. @param root the project's folder */
export const providerCache = (root: string): string => join(root, '.cache', 'providers');
