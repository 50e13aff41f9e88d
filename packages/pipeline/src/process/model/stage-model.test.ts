import { decode } from '@cinematica/svd';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PipelineStage } from '../../domain/messages.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { Inputs, StageHandler, StageHooks, StageTask } from '../worker/stage-handler.ts';
import { modelConfigSchema } from './model-config.ts';
import { openStageModel } from './stage-model.ts';
import { trimAfterTasks } from './trim-after-tasks.ts';

const MIB = 2 ** 20;
const SPARE_MEMORY_MIB = 256;

/** Resident memory of a process, in bytes. */
const residentMemory = (pid: number): number =>
  Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;

test.runIf(process.platform === 'linux')(
  'a small task after a large one computes the same in a process that is small again',
  async () => {
    const lines: string[] = [];
    const model = await openStageModel(
      modelConfigSchema.parse({
        MODEL_DIR: join(import.meta.dirname, '../../../../../test/golden/tiny-xt/checkpoint'),
        EXECUTION_PROVIDER: 'cpu',
        SPARE_MEMORY_MIB,
      }),
      { log: createLog('test', { write: (line) => void lines.push(line) }), metrics: createMetrics('test') },
      'decode',
    );
    let frames = new Uint8Array();
    const decodeFrames = (side: number, count: number): StageHandler =>
      trimAfterTasks(model, {
        stage: PipelineStage.DECODE,
        fingerprint: model.fingerprint,
        async run() {
          const size = { channels: 4, height: side, width: side };
          const latents = Float32Array.from({ length: 4 * side * side * count }, (_, index) => Math.sin(index));
          for await (const { data } of decode(model, latents, size, count)) frames = new Uint8Array(data);
        },
      });
    const run = (handler: StageHandler) => handler.run({} as StageTask, {} as Inputs, {} as StageHooks);
    const memory = () => {
      const { pid } = model.runtime.stats();
      return pid === null ? 0 : residentMemory(pid);
    };
    const [small, large] = [decodeFrames(8, 2), decodeFrames(64, 4)];
    try {
      await run(small);
      const expected = frames;
      const resting = memory();
      // The speed was measured in a process before that.
      const { starts } = model.runtime.stats();
      await run(small);
      expect(model.runtime.stats()).toMatchObject({ starts });

      await run(large);
      const peak = model.runtime.stats().peakRss;
      expect(peak).toBeGreaterThan(resting + SPARE_MEMORY_MIB * MIB);
      // The process has ended while there is nothing to do.
      await expect.poll(memory).toBe(0);
      expect(lines.filter((line) => line.includes('model process ended to free memory'))).toHaveLength(1);

      await run(small);
      expect(frames).toEqual(expected);
      expect(memory()).toBeLessThan(resting + 64 * MIB);
      expect(model.runtime.stats()).toMatchObject({ starts: starts + 1 });
    } finally {
      await model.runtime.close();
    }
  },
  120_000,
);
