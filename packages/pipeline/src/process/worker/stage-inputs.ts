import type { Artifacts } from '../../domain/ports/artifacts.ts';
import { MissingArtifactError } from '../../domain/ports/artifacts.ts';
import { FailureReason, TaskState } from '../../domain/messages.ts';
import type { Artifact, TaskRecord, VideoRecord } from '../../domain/messages.ts';
import { stageName } from '../../domain/stages.ts';
import { findTask } from '../../domain/video/routing.ts';
import { inSpan } from '../../telemetry/trace.ts';
import { UnavailableError } from '../../domain/errors.ts';
import { UnusableInputError } from './stage-errors.ts';
import type { Inputs, SavedState } from './stage-handler.ts';

/**
 * Reads the inputs of a task from the artifacts that its record names.
 * @param onRead called with the size of each artifact that was read, in bytes.
 */
export function createInputs(
  artifacts: Artifacts,
  record: VideoRecord,
  signal: AbortSignal,
  onRead: (bytes: number) => void,
): Inputs {
  const outputs = (stage: TaskRecord['stage'], segment: number): readonly Artifact[] => {
    const task = findTask(record, { stage, segment });
    if (!task) throw missing(`${stageName(stage)} stage of segment ${segment}`);
    if (task.state === TaskState.DONE) return task.outputs;
    // Its output was lost, and another task has invalidated it already.
    throw new UnavailableError(`the ${stageName(stage)} stage of segment ${segment} is being made again`);
  };
  const read = async (artifact: Artifact | undefined, what: string, own?: AbortSignal) => {
    if (!artifact) throw missing(what);
    const { part, size } = artifact;
    const data = await inSpan('read artifact', { 'cinematica.part': part, 'cinematica.bytes': Number(size) }, () =>
      artifacts.get(artifact, own ? AbortSignal.any([signal, own]) : signal),
    );
    onRead(data.length);
    return data;
  };
  return {
    async joined(index, own) {
      try {
        return await read(record.joinedFiles[index], 'file of a part', own);
      } catch (error) {
        if (!(error instanceof MissingArtifactError)) throw error;
        // No stage of this video can make it again.
        const message = 'The video can’t be made: one of the parts that it joins was deleted.';
        throw new UnusableInputError(message, FailureReason.DATA_LOST, { cause: error });
      }
    },
    photo: async (own) => read(record.photo, 'photo', own),
    parts: (stage, segment) => outputs(stage, segment).map(({ part }) => part),
    read: async (stage, segment, part, own) =>
      read(
        outputs(stage, segment).find((artifact) => artifact.part === part),
        part,
        own,
      ),
  };
}

const missing = (what: string) =>
  new UnusableInputError(`The video has no ${what}: please try again with the photo.`, FailureReason.DATA_LOST);

/** Reads the newest checkpoint of a task that is still readable. @returns null when there is none. */
export async function readSavedState(
  artifacts: Artifacts,
  task: TaskRecord,
  signal: AbortSignal,
): Promise<{ readonly saved: SavedState; readonly outputs: readonly Artifact[] } | null> {
  for (const checkpoint of task.checkpoints) {
    try {
      const parts = new Map<string, Uint8Array>();
      for (const artifact of checkpoint.artifacts) parts.set(artifact.part, await artifacts.get(artifact, signal));
      return { saved: { step: checkpoint.step, parts }, outputs: checkpoint.outputs };
    } catch (error) {
      if (!(error instanceof MissingArtifactError)) throw error;
    }
  }
  return null;
}
