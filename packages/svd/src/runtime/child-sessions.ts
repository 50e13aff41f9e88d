import type { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import type { ExecutionProvider } from './execution-provider.ts';
import type { Frame } from '../framing/frame.ts';
import { memoryUsage } from './memory-usage.ts';
import { KEPT_PREFIX } from './protocol.ts';
import type { Reply, Request, Usage } from './protocol.ts';
import { ortSessionOptions } from './session-settings.ts';
import type { SessionSettings } from './session-settings.ts';
import { isTensorType, tensorBytes, tensorOfBytes } from './tensor.ts';
import type { TensorData } from './tensor.ts';

/** A reply without its usage. */
type Answer = Omit<Extract<Reply, { kind: 'done' }>, 'usage'>;

const done: Frame<Answer> = { message: { kind: 'done', outputs: [] }, blobs: [] };

/** The graphs that are loaded in this process. */
export interface Sessions {
  /** Executes a request of the parent. An error becomes a reply of the kind `failed`. */
  handle(frame: Frame<Request>): Promise<Frame<Reply>>;
  /** Releases all graphs. */
  release(): Promise<void>;
}

export async function createSessions(): Promise<Sessions> {
  // The native binding does not support Float16Array: it reads an empty array. Without it, float16 is a Uint16Array.
  Reflect.deleteProperty(globalThis, 'Float16Array');
  const { default: ort } = await import('onnxruntime-node');
  ort.env.logLevel = 'error';

  const loaded = new Map<string, InferenceSession>();
  /** Outputs that stay here by slot and name, and the graph that made each. */
  const kept = new Map<string, { readonly key: string; readonly tensor: OnnxTensor }>();
  let provider: ExecutionProvider;
  let settings: SessionSettings;

  const start = async (probe: Uint8Array): Promise<void> => {
    const options = ortSessionOptions(provider, settings, { key: 'probe', folder: null });
    const session = await ort.InferenceSession.create(probe, { ...options, enableProfiling: false });
    await session.run({ x: new ort.Tensor('float32', new Float32Array(1), [1]) });
    await session.release();
  };

  const unload = async (key: string): Promise<void> => {
    await loaded.get(key)?.release();
    loaded.delete(key);
    for (const [name, { key: maker }] of kept) if (maker === key) kept.delete(name);
  };

  const run = async (
    { key, slot, feeds }: Extract<Request, { kind: 'run' }>,
    blobs: readonly Uint8Array[],
  ): Promise<Frame<Answer>> => {
    const session = loaded.get(key);
    if (session === undefined) throw new Error('it is not loaded');
    const unknown = feeds.find(({ name }) => !session.inputNames.includes(name));
    if (unknown) throw new Error(`it has no input "${unknown.name}", only ${session.inputNames.join(', ')}`);
    const inputs = feeds.map(({ name, type, dims }, index) => {
      const { data } = tensorOfBytes(type, dims, blobs[index] ?? new Uint8Array());
      return [name, new ort.Tensor(type, data, dims)] as const;
    });
    const keptInputs = session.inputNames
      .filter((name) => name.startsWith(KEPT_PREFIX))
      .map((name) => {
        const found = kept.get(`${slot} ${name}`);
        if (!found) throw new Error(`its input "${name}" was not kept by an earlier run in this process`);
        return [name, found.tensor] as const;
      });
    const all = Object.entries(await session.run(Object.fromEntries([...inputs, ...keptInputs])));
    for (const [name, tensor] of all) if (name.startsWith(KEPT_PREFIX)) kept.set(`${slot} ${name}`, { key, tensor });
    const results = all.filter(([name]) => !name.startsWith(KEPT_PREFIX));
    return {
      message: {
        kind: 'done',
        outputs: results.map(([name, { type, dims }]) => {
          if (!isTensorType(type)) throw new Error(`output "${name}" has the unsupported type ${type}`);
          return { name, type, dims };
        }),
      },
      blobs: results.map(([, { data }]) => tensorBytes({ data: data as TensorData })),
    };
  };

  const answer = async ({ message, blobs }: Frame<Request>): Promise<Frame<Answer>> => {
    const [bytes = new Uint8Array()] = blobs;
    switch (message.kind) {
      case 'start':
        ({ provider, session: settings } = message);
        await start(bytes);
        return done;
      case 'load': {
        await unload(message.key);
        const options = ortSessionOptions(provider, settings, message);
        loaded.set(message.key, await ort.InferenceSession.create(bytes, options));
        return done;
      }
      case 'unload':
        await unload(message.key);
        return done;
      case 'run':
        return run(message, blobs);
    }
  };

  return {
    async handle(frame) {
      const start = performance.now();
      const usage = (): Usage => ({ ms: performance.now() - start, ...memoryUsage() });
      try {
        const { message, blobs } = await answer(frame);
        return { message: { ...message, usage: usage() }, blobs };
      } catch (error) {
        return { message: { kind: 'failed', reason: reasonOf(error), usage: usage() }, blobs: [] };
      }
    },
    async release() {
      for (const key of [...loaded.keys()]) await unload(key);
    },
  };
}

/** The message of ONNX Runtime, without the position in its source code at the start. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replace(/^\/\S*onnxruntime\S*:\d+ .*? was false\. /s, '')
    .replace(/\s+/g, ' ')
    .trim();
}
