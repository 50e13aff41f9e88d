import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { emitterFor } from '../graphs/emitter-for.ts';
import { finishGraph } from '../graphs/graph.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { createCounterWeights } from './counter-weights.ts';
import { createProofGraphs, PROOF_PARTS } from './proof-graphs.ts';

/** The digest of the graphs that are proved for a provider: it changes with everything that the emitter writes. */
export function graphVersion(provider: ExecutionProvider): string {
  const { weights } = createCounterWeights('/');
  const drafts = createProofGraphs(weights);
  const hash = createHash('sha256');
  for (const part of PROOF_PARTS) hash.update(finishGraph(drafts[part]({ createEmitter: emitterFor(provider) })).bytes);
  return hash.digest('hex').slice(0, 16);
}

/** The version of ONNX Runtime. */
export function runtimeVersion(): string {
  const require = createRequire(import.meta.url);
  return z.object({ version: z.string() }).parse(require('onnxruntime-node/package.json')).version;
}
