import { compare } from '../parity/compare.ts';
import type { Tensor } from '../runtime/tensor.ts';

type Outputs = Readonly<Record<string, Tensor>>;

/**
 * The largest error of an element of any output, in standard deviations of the reference's output. NaN and infinity are infinitely
 * wrong, and so is an output that is missing.
 */
export function largestError(actual: Outputs, reference: Outputs): number {
  const errors = Object.entries(reference).map(([name, { data }]) => {
    const { maxAbsError, std } = compare(name, asNumbers(actual[name]?.data), asNumbers(data));
    // The outputs that are a single number are sums of others.
    return data.length === 1 ? 0 : maxAbsError / std;
  });
  return Math.max(...errors);
}

const asNumbers = (data: Tensor['data'] | undefined): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data ?? [], Number);
