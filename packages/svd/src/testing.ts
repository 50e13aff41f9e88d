export { alterCheckpoint } from './checkpoint/test-altered.ts';
export type { AlteredCheckpoint } from './checkpoint/test-altered.ts';
export { emulateCuda } from './nn/cuda/test-runtime.ts';
