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
 * the model computes nothing.
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
  // Videos of earlier versions have no card.
  const card = outputOf(first, 'card');
  if (card) files.push(card);
  if (!first.photo) throw notJoinable('The photo of the first part is no longer stored.');
  return {
    plan: joinedPlan(records, card ? ['mp4', 'card'] : ['mp4']),
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

function joinedPlan(records: readonly VideoRecord[], outputs: string[]): Plan {
  const plans = records.flatMap(({ plan }) => plan ?? []);
  const shapes = plans.map((plan) => fileShape(timelineOf(plan), 'mp4'));
  const [plan, shape] = [plans[0]!, shapes[0]!];
  const fits = shapes.every(
    ({ width, height, fps }) => width === shape.width && height === shape.height && fps === shape.fps,
  );
  if (!fits) throw notJoinable('The parts have different sizes or frame rates.');
  // Each part begins with the last frame of the one before, which is shown once.
  const frames = 1 + plans.reduce((sum, part) => sum + part.frames - 1, 0);
  const join = records.map(({ videoId }) => videoId);
  return create(PlanSchema, { ...plan, frames, join, segments: 1, surplus: 0, loop: false, outputs });
}

function outputOf(record: VideoRecord, part: string): Artifact | undefined {
  return findTask(record, { stage: PipelineStage.MUX, segment: 0 })?.outputs.find((output) => output.part === part);
}

function fileOf(record: VideoRecord, part: string): Artifact {
  const file = outputOf(record, part);
  if (!file) throw notJoinable('The file of a part is no longer stored.');
  return file;
}

const notJoinable = (message: string) => refuse(Code.FAILED_PRECONDITION, ErrorReason.NOT_JOINABLE, message);
