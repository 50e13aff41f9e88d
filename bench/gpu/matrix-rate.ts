import type { Runtime } from '@cinematica/svd';
import { float, GraphBuilder } from '@cinematica/svd/internal';

const FLOAT16 = 10;
const FLOAT = 1;

/** A graph that multiplies random float16 matrices `count` times, `A · (A · ( … X))`. Its output is one element of the result. */
export function matrixChain(size: number, count: number): Uint8Array {
  const graph = new GraphBuilder('matrix_chain');
  const half = { type: 'float16', shape: [size, size] } as const;
  // Random numbers, because with constant ones the GPU draws less power and runs at a higher clock.
  const random = (scale: number) => {
    const attributes = { dtype: FLOAT, shape: half.shape, scale: float(scale), mean: float(0) };
    const numbers = graph.node('RandomNormal', [], { type: 'float32', shape: half.shape }, { attributes });
    return graph.node('Cast', [numbers], half, { attributes: { to: FLOAT16 } });
  };
  const a = random(size ** -0.5);
  let x = random(1);
  for (let i = 0; i < count; i++) x = graph.node('MatMul', [a, x], half);
  const int64 = (...values: number[]) => graph.constant(BigInt64Array.from(values, BigInt));
  const corner = graph.node('Slice', [x, int64(0, 0), int64(1, 1), int64(0, 1)], { type: 'float16', shape: [1, 1] });
  const y = graph.node('Cast', [corner], { type: 'float32', shape: [1, 1] }, { attributes: { to: FLOAT } });
  graph.output('y', y);
  return graph.build();
}

/** Measures the rate of large float16 matrix products with ONNX Runtime, in floating-point operations per second. */
export async function measureMatrixRate(runtime: Runtime, size = 8192): Promise<number> {
  const seconds: number[] = [];
  const counts = [20, 120];
  for (const count of counts) {
    const key = `matrix chain ${count}`;
    await runtime.load(key, { bytes: matrixChain(size, count), folder: null });
    let best = Infinity;
    for (let run = 0; run < 4; run++) {
      await runtime.run(key, {});
      if (run > 0) best = Math.min(best, (runtime.stats().graphs[key]?.lastRunMs ?? Infinity) / 1000);
    }
    seconds.push(best);
    await runtime.unload(key);
  }
  // Both have the same constant cost per run, so it cancels.
  const [short = NaN, long = NaN] = seconds;
  const [few = NaN, many = NaN] = counts;
  return ((many - few) * 2 * size ** 3) / (long - short);
}
