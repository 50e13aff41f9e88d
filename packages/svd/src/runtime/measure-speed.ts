import { GraphBuilder } from '../onnx/graph-builder.ts';
import { onGpu } from './execution-provider.ts';
import type { Runtime } from './runtime.ts';

/** A convolution of this many channels on an image of this size. */
const [CHANNELS, HEIGHT, WIDTH] = [64, 72, 128];
const CONVOLUTIONS = 8;
/** The first run also allocates memory. */
const RUNS = 5;
const KEY = 'speed';
/** A short measurement cannot show the speed of a GPU. This is less than half of what an A100 reaches in float16. */
const GPU_SPEED = 40e12;

/**
 * Measures how fast a runtime computes convolutions, which are most of the work of every model. It takes about 0.2 seconds
 * on two cores. GPUs are not measured.
 * @param signal ends the measurement, and the process that computes if it does not answer.
 * @returns floating-point operations per second of the fastest of several runs; for a GPU a low estimate.
 */
export async function measureSpeed(
  runtime: Pick<Runtime, 'provider' | 'load' | 'run' | 'unload'>,
  signal?: AbortSignal,
): Promise<number> {
  if (onGpu(runtime.provider)) return GPU_SPEED;
  const builder = new GraphBuilder(KEY);
  const shape = [1, CHANNELS, HEIGHT, WIDTH];
  const weights = builder.constant(new Float32Array(CHANNELS * CHANNELS * 9).fill(1e-3), [CHANNELS, CHANNELS, 3, 3]);
  const x = builder.input('x', 'float32', [1, CHANNELS, 1, 1]);
  // The image is made in the graph, and reduced again, because passing it between the processes would take time as well.
  let value = builder.node('Expand', [x, builder.constant(BigInt64Array.from(shape, BigInt))], {
    type: 'float32',
    shape,
  });
  for (let index = 0; index < CONVOLUTIONS; index++) {
    const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    value = builder.node('Conv', [value, weights], { type: 'float32', shape }, { attributes });
  }
  const mean = builder.node('GlobalAveragePool', [value], x);
  builder.output('y', mean);
  const flops = builder.work.reduce((sum, node) => sum + node.flops, 0);
  const feeds = { x: { type: 'float32' as const, dims: x.shape, data: new Float32Array(CHANNELS).fill(0.5) } };
  await runtime.load(KEY, { bytes: builder.build(), folder: null }, signal);
  try {
    let fastest = Infinity;
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now();
      await runtime.run(KEY, feeds, signal);
      fastest = Math.min(fastest, performance.now() - start);
    }
    return flops / (fastest / 1000);
  } finally {
    await runtime.unload(KEY);
  }
}
