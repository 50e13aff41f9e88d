/** `node scripts/generate-kernels.ts`: translates the kernels of finishing to WebAssembly. */
import { writeFileSync } from 'node:fs';
import { KERNELS_FILE, kernelsModule } from './kernels.ts';

writeFileSync(KERNELS_FILE, await kernelsModule());
