import { readFileSync } from 'node:fs';
import wabt from 'wabt';

/** The generated file, from the project's root. */
export const KERNELS_FILE = 'packages/finish/src/kernels/kernels.wasm.ts';

const SOURCE = 'packages/finish/src/kernels/kernels.wat';
const FEATURES = { simd: true, threads: true, multi_memory: true, sat_float_to_int: true };

/** The kernels of finishing, translated to a TypeScript module, so that they need no file of their own where services are bundled. */
export async function kernelsModule(): Promise<string> {
  const translator = await wabt();
  const module = translator.parseWat(SOURCE, Uint8Array.from(readFileSync(SOURCE)), FEATURES);
  try {
    const { buffer } = module.toBinary({});
    // It throws for a module that is not valid.
    new WebAssembly.Module(Uint8Array.from(buffer));
    return `// Generated from kernels.wat by \`npm run generate\`. Do not edit.
export const KERNELS_WASM =
  '${Buffer.from(buffer).toString('base64')}';
`;
  } finally {
    module.destroy();
  }
}
