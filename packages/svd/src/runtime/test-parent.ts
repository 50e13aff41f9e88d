/** A process whose runtime computes without end. A test starts it and kills it. */
import { createRuntime } from './runtime.ts';
import { slowGraph } from './test-graphs.ts';
import { tensorOfBytes } from './tensor.ts';

const runtime = await createRuntime({ provider: 'cpu', threads: 1 });
await runtime.load('slow', { bytes: slowGraph(256), folder: null });
const matrix = tensorOfBytes('float32', [256, 256], new Uint8Array(4 * 256 * 256));
const count = { type: 'int64', dims: [], data: BigInt64Array.of(1n << 40n) } as const;
const endless = runtime.run('slow', { count, x: matrix, w: matrix });
console.log(runtime.stats().pid);
await endless;
