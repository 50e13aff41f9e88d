import { create, toBinary } from '@bufbuild/protobuf';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Artifacts } from '../artifacts/artifacts.ts';
import { Lifetime, PreviewSchema, Stage } from '../messages.ts';
import type { Artifact, VideoRecord } from '../messages.ts';
import { previewSubject, stageName } from '../names.ts';
import { saveCheckpoint } from '../records/task-changes.ts';
import type { Claim } from '../records/task-changes.ts';
import { findTask } from '../routing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { inSpan } from '../telemetry/trace.ts';
import type { Hold } from './hold.ts';
import { createInputs, readSavedState } from './stage-inputs.ts';
import type { Stage as StageWork } from './stage.ts';

export interface ClaimedWork {
  readonly nats: NatsConnection;
  readonly artifacts: Artifacts;
  readonly metrics: Metrics;
  readonly record: VideoRecord;
  readonly claim: Claim;
  readonly hold: Hold;
  /** Milliseconds. */
  readonly lease: number;
  readonly draining: AbortSignal;
}

/**
 * Lets a stage do a claimed task.
 * @returns what it put out, each part once.
 */
export async function runClaimed(stage: StageWork, work: ClaimedWork): Promise<Artifact[]> {
  const { nats, artifacts, metrics, record, claim, hold, lease, draining } = work;
  const { videoId } = record;
  const { signal } = hold;
  const name = stageName(claim.stage);
  const path = `${videoId}/${claim.segment}/${name}/${claim.attempt}`;
  const resumed = await readSavedState(artifacts, findTask(record, claim)!, signal);
  const outputs = new Map((resumed?.outputs ?? []).map((artifact) => [artifact.part, artifact]));
  let stepped = performance.now();

  const put = async (lifetime: Lifetime, part: string, as: string, data: Uint8Array) => {
    const artifact = await inSpan('write artifact', { 'cinematica.part': as, 'cinematica.bytes': data.length }, () =>
      artifacts.put(lifetime, `${path}/${as}`, part, data, signal),
    );
    metrics.artifactBytes.inc({ stage: name, direction: 'written' }, data.length);
    hold.touch();
    return artifact;
  };

  await stage.run(
    { videoId, stage: claim.stage, segment: claim.segment, plan: record.plan! },
    createInputs(artifacts, record, signal, (bytes) => {
      metrics.artifactBytes.inc({ stage: name, direction: 'read' }, bytes);
      hold.touch();
    }),
    {
      saved: resumed?.saved ?? null,
      signal,
      draining,
      progress(step, steps) {
        metrics.steps.inc({ stage: name });
        if (claim.stage === Stage.DENOISE) metrics.denoiseStepSeconds.observe((performance.now() - stepped) / 1000);
        stepped = performance.now();
        hold.progress(step, steps);
      },
      async save(step, parts) {
        const saved: Artifact[] = [];
        for (const [part, data] of Object.entries(parts)) {
          saved.push(await put(Lifetime.LATENTS, part, `saved-${step}-${part}`, data));
        }
        const state = { step, artifacts: saved, outputs: [...outputs.values()] };
        await hold.update((now) => saveCheckpoint(now, claim, lease, state), signal);
      },
      preview(step, mediaType, data) {
        const preview = create(PreviewSchema, { videoId, segment: claim.segment, step, mediaType, data });
        nats.publish(previewSubject(videoId), toBinary(PreviewSchema, preview));
      },
      async output(lifetime, part, data) {
        outputs.set(part, await put(lifetime, part, part, data));
      },
    },
  );
  return [...outputs.values()];
}
