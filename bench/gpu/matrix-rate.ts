import type { Runtime } from '@cinematica/svd';
import { float, GraphBuilder } from '@cinematica/svd/internal';

const FLOAT16 = 10;
const FLOAT = 1;

/** `y = A · (A · ( … X))` of random matrices, `count` products of float16; its one output is a number of the result. */
export function matrixChain(size: number, count: number): Uint8Array {
  const graph = new GraphBuilder('matrix_chain');
  const half = { type: 'float16', shape: [size, size] } as const;
  // Random numbers, as a model's are: constant ones would draw less power and run at a higher clock.
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

/** Floating-point operations a second that the device does in large products of float16, as ONNX Runtime runs them. */
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
  // What a run costs beside the products is the same in both.
  const [short = NaN, long = NaN] = seconds;
  const [few = NaN, many = NaN] = counts;
  return ((many - few) * 2 * size ** 3) / (long - short);
}
