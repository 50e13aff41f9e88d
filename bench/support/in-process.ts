import { PipelineStage } from '@cinematica/pipeline';
import type { Inputs, StageHooks, StageTask, StageHandler } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import { segmentSettings } from '@cinematica/pipeline/plan';
import {
  channelStatistics,
  createModel,
  createRuntime,
  denoise,
  packLatents,
  parseExecutionProvider,
  unpackConditioning,
  unpackLatents,
} from '@cinematica/svd';
import { createDecodeStage } from '@cinematica/decoder/internal/stage';
import { continueSegment } from '@cinematica/denoiser/internal/continue-segment';
import { createEncodeStage } from '@cinematica/encoder/internal/stage';
import { createMuxStage } from '@cinematica/muxer/internal/stage';

type Plan = StageTask['plan'];

/** A finished video, and the time of each stage. */
export interface Made {
  readonly mp4: Uint8Array;
  /** Milliseconds. */
  readonly stages: ReadonlyMap<PipelineStage, number>;
}

/** Makes videos one after another in this process. */
export interface InProcess extends AsyncDisposable {
  make(plan: Plan, photo: Uint8Array): Promise<Made>;
}

/**
 * Opens a pipeline in this process and its ONNX Runtime process. The result is the same to the byte, but there are no
 * messages, records, saved states or previews, and results are passed in memory.
 *
 * @param threads threads of ONNX Runtime
 * @param muxThreads threads of ffmpeg
 */
export async function openInProcess(folder: string, threads: number, muxThreads: number): Promise<InProcess> {
  const named = await openNamedCheckpoint(folder);
  const provider = parseExecutionProvider(process.env.EXECUTION_PROVIDER);
  const model = { ...createModel(named.checkpoint, await createRuntime({ provider, threads })), ...named };
  const stageModel = { ...model, fingerprint: '', speed: { fastest: 0 }, trim: () => undefined };
  const [encoder, decoder, muxer] = [
    createEncodeStage(stageModel),
    createDecodeStage(stageModel),
    createMuxStage({
      threads: muxThreads,
      finishTimeoutMs: 900_000,
      mark: { key: new Uint8Array(32), installation: 0, visible: false },
      credentials: null,
      log: { warn: console.warn },
    }),
  ];

  return {
    async make(plan, photo) {
      const parts = new Map<string, Uint8Array>();
      const nameOf = (stage: PipelineStage, segment: number, part: string) => `${stage}/${segment}/${part}`;
      const find = (name: string) => {
        const data = parts.get(name);
        if (!data) throw new RangeError(`there is no artifact ${name}`);
        return data;
      };
      const inputs: Inputs = {
        photo: () => Promise.resolve(photo),
        joined: () => Promise.reject(new RangeError('nothing is joined here')),
        parts: (stage, segment) => [...parts.keys()].filter((name) => name.startsWith(nameOf(stage, segment, ''))),
        read: (stage, segment, part) => Promise.resolve(find(nameOf(stage, segment, part))),
      };
      const { signal } = new AbortController();
      const run = (work: StageHandler, segment: number) => {
        const hooks: StageHooks = {
          saved: null,
          signal,
          draining: signal,
          progress: () => undefined,
          save: () => Promise.resolve(),
          notice: () => undefined,
          preview: () => undefined,
          output: (_, part, data) => {
            parts.set(nameOf(work.stage, segment, part), data);
            return Promise.resolve();
          },
        };
        return work.run({ videoId: '', stage: work.stage, segment, plan }, inputs, hooks);
      };
      /** Denoises like the denoiser, but without saved states and previews. */
      const denoiseSegment = async (segment: number) => {
        const conditioning = unpackConditioning(find(nameOf(PipelineStage.ENCODE, 0, 'conditioning')));
        const latentsOf = (of: number) => unpackLatents(find(nameOf(PipelineStage.DENOISE, of, 'latents')));
        const before = segment > 0 ? latentsOf(segment - 1) : null;
        const begin = continueSegment(
          model,
          conditioning,
          before && {
            lastFrame: before.data.subarray(before.data.length - before.data.length / before.frames),
            first: channelStatistics(latentsOf(0).data, latentsOf(0)),
          },
        );
        const latents = await denoise(model, begin.conditioning, segmentSettings(plan, segment), { signal });
        parts.set(nameOf(PipelineStage.DENOISE, segment, 'latents'), packLatents(begin.finish(latents), conditioning));
      };

      const stages = new Map<PipelineStage, number>();
      const timed = async (stage: PipelineStage, work: () => Promise<void>) => {
        const begin = performance.now();
        await work();
        stages.set(stage, (stages.get(stage) ?? 0) + performance.now() - begin);
      };
      await timed(PipelineStage.ENCODE, () => run(encoder, 0));
      for (let segment = 0; segment < plan.segments; segment++) {
        await timed(PipelineStage.DENOISE, () => denoiseSegment(segment));
        await timed(PipelineStage.DECODE, () => run(decoder, segment));
      }
      await timed(PipelineStage.MUX, () => run(muxer, 0));
      return { mp4: find(nameOf(PipelineStage.MUX, 0, 'mp4')), stages };
    },
    [Symbol.asyncDispose]: () => model.runtime.close(),
  };
}
