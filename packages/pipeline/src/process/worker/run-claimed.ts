import { create } from '@bufbuild/protobuf';
import { Lifetime, PipelineStage, PreviewSchema } from '../../domain/messages.ts';
import type { Artifact, TaskNotice, VideoRecord } from '../../domain/messages.ts';
import type { TaskResult } from '../../domain/video/task-changes.ts';
import { changed } from '../../domain/ports/records.ts';
import { stageName } from '../../domain/stages.ts';
import { findTask } from '../../domain/video/routing.ts';
import { saveCheckpoint } from '../../domain/video/task-changes.ts';
import type { Claim } from '../../domain/video/task-changes.ts';
import { inSpan } from '../../telemetry/trace.ts';
import { createInputs, readSavedState } from './stage-inputs.ts';
import type { TaskLease } from './task-lease.ts';
import type { TaskOptions } from './worker-options.ts';

/** A task that this worker has claimed. */
export interface ClaimedTask {
  readonly record: VideoRecord;
  readonly claim: Claim;
  readonly lease: TaskLease;
  readonly draining: AbortSignal;
}

/**
 * Runs the stage handler for a claimed task.
 * @returns the outputs, one artifact for each part, and the notices of the handler.
 */
export async function runClaimed(options: TaskOptions, claimedTask: ClaimedTask): Promise<TaskResult> {
  const { handler, artifacts, previews, metrics, settings } = options;
  const { record, claim, lease, draining } = claimedTask;
  const { videoId } = record;
  const { stage, segment, attempt } = claim;
  const { signal } = lease;
  const name = stageName(stage);
  const resumed = await readSavedState(artifacts, findTask(record, claim)!, signal);
  const outputs = new Map((resumed?.outputs ?? []).map((artifact) => [artifact.part, artifact]));
  const notices = new Set<TaskNotice>();
  let lastStep = performance.now();
  /** The last step that was counted. A stage repeats a step to show that it is alive. */
  let counted = resumed?.saved.step ?? 0;

  const put = async (lifetime: Lifetime, part: string, fileName: string, data: Uint8Array) => {
    const attributes = { 'cinematica.part': fileName, 'cinematica.bytes': data.length };
    const path = `${videoId}/${segment}/${name}/${attempt}/${fileName}`;
    const artifact = await inSpan('write artifact', attributes, () =>
      artifacts.put(lifetime, path, part, data, signal),
    );
    metrics.artifactBytes.inc({ stage: name, direction: 'written' }, data.length);
    lease.touch();
    return artifact;
  };
  const inputs = createInputs(artifacts, record, signal, (bytes) => {
    metrics.artifactBytes.inc({ stage: name, direction: 'read' }, bytes);
    lease.touch();
  });

  await handler.run({ videoId, stage, segment, plan: record.plan!, forecast: record.forecast }, inputs, {
    saved: resumed?.saved ?? null,
    signal,
    draining,
    progress(step, steps) {
      if (step > counted) {
        metrics.steps.inc({ stage: name }, step - counted);
        if (stage === PipelineStage.DENOISE) metrics.denoiseStepSeconds.observe((performance.now() - lastStep) / 1000);
        lastStep = performance.now();
        counted = step;
      }
      lease.progress(step, steps);
    },
    async save(step, parts) {
      const saved: Artifact[] = [];
      for (const [part, data] of Object.entries(parts)) {
        saved.push(await put(Lifetime.LATENTS, part, `saved-${step}-${part}`, data));
      }
      const checkpoint = { step, artifacts: saved, outputs: [...outputs.values()] };
      const change = (now: VideoRecord) => {
        saveCheckpoint(now, claim, settings.ACK_WAIT_MS, checkpoint);
        return changed();
      };
      await lease.update(change, signal);
    },
    preview(step, mediaType, data, decoded) {
      previews.publish(videoId, create(PreviewSchema, { videoId, segment, step, mediaType, data, ...decoded }));
    },
    notice(notice) {
      notices.add(notice);
    },
    async output(lifetime, part, data) {
      outputs.set(part, await put(lifetime, part, part, data));
    },
  });
  return { outputs: [...outputs.values()], notices: [...notices], fingerprint: handler.fingerprint };
}
