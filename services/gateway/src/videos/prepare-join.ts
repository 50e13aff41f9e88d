import { create } from '@bufbuild/protobuf';
import {
  fileShape,
  findTask,
  PipelineStage,
  PlanSchema,
  timelineOf,
  UnknownVideoError,
  VideoState,
} from '@cinematica/pipeline';
import type { Artifact, Artifacts, Plan, PreparedVideo, Records, VideoRecord } from '@cinematica/pipeline';
import { Code, refuse, refuseFields } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { CreateVideoRequest } from '@cinematica/protocol/v1';
import { LAST_FRAME_PART } from '../media/media-files.ts';
import { readOwnVideo } from './read-own-video.ts';
import { nameOf } from './to-video.ts';

/** The most parts of a joined video. */
const MAX_PARTS = 50;

/**
 * Prepares a video that joins another one with those that it continues, from the first to the last. Only files are joined:
 * no frame is computed again.
 *
 * @param name the last part: `videos/{uuid}`
 * @throws RpcError FAILED_PRECONDITION when the parts do not fit together, or one of them was deleted.
 * @throws UnknownVideoError when the last part does not exist.
 */
export async function prepareJoin(
  parts: { readonly records: Records; readonly artifacts: Artifacts },
  owner: string,
  request: CreateVideoRequest,
  name: string,
  signal: AbortSignal,
): Promise<PreparedVideo> {
  if (request.settings) {
    throw refuseFields([{ field: 'settings', description: 'must not be set: a joined video has those of its parts' }]);
  }
  const records = await readParts(parts, owner, name);
  const [first, last] = [records[0]!, records.at(-1)!];
  const files = [
    ...records.map((record) => fileOf(record, 'mp4')),
    fileOf(first, 'poster'),
    fileOf(last, LAST_FRAME_PART),
  ];
  if (!first.photo) throw notJoinable('The photo of the first part is no longer stored.');
  return {
    plan: joinedPlan(records),
    photo: await parts.artifacts.get(first.photo, signal),
    photoWidth: first.photoWidth,
    photoHeight: first.photoHeight,
    madeFrom: first.videoId,
    joinedFiles: files,
  };
}

/** A video and those that it continues, the first one first. */
async function readParts(parts: { readonly records: Records }, owner: string, name: string): Promise<VideoRecord[]> {
  const found: VideoRecord[] = [];
  for (let next = name; next !== '';) {
    const record = await readOwnVideo(parts.records, owner, next).catch((error: unknown) => {
      if (!(error instanceof UnknownVideoError) || found.length === 0) throw error;
      throw notJoinable('A part of this video was deleted or has expired.');
    });
    if (record.state !== VideoState.DONE) throw notJoinable('Only videos that are DONE can be joined.');
    if (found.length >= MAX_PARTS) throw notJoinable(`At most ${MAX_PARTS} parts can be joined.`);
    found.unshift(record);
    next = record.continuedFrom === '' ? '' : nameOf(record.continuedFrom);
  }
  if (found.length < 2) throw notJoinable('This video continues no other one.');
  return found;
}

function joinedPlan(records: readonly VideoRecord[]): Plan {
  const plans = records.flatMap(({ plan }) => plan ?? []);
  const shapes = plans.map((plan) => fileShape(timelineOf(plan), 'mp4'));
  const [plan, shape] = [plans[0]!, shapes[0]!];
  const fits = shapes.every(
    ({ width, height, fps }) => width === shape.width && height === shape.height && fps === shape.fps,
  );
  if (!fits) throw notJoinable('The parts have different sizes or frame rates.');
  const shown = shapes.reduce((sum, { frames }) => sum + frames, 0);
  // The number of the model's frames whose files have so many frames.
  const frames = Math.round(((shown - 1) * plan.conditioningFps) / shape.fps) + 1;
  const join = records.map(({ videoId }) => videoId);
  return create(PlanSchema, { ...plan, frames, join, segments: 1, surplus: 0, loop: false, outputs: ['mp4'] });
}

function fileOf(record: VideoRecord, part: string): Artifact {
  const { outputs = [] } = findTask(record, { stage: PipelineStage.MUX, segment: 0 }) ?? {};
  const file = outputs.find((output) => output.part === part);
  if (!file) throw notJoinable('The file of a part is no longer stored.');
  return file;
}

const notJoinable = (message: string) => refuse(Code.FAILED_PRECONDITION, ErrorReason.NOT_JOINABLE, message);
