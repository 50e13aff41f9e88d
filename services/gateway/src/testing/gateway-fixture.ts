/** A gateway for the tests of one file, and changes to its videos as the stages make them. */
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  cancelVideo,
  changed,
  findTask,
  Lifetime,
  PipelineStage,
  TaskState,
  UnknownVideoError,
  VideoState,
} from '@cinematica/pipeline';
import type { Artifact, VideoRecord } from '@cinematica/pipeline';
import type { MediaKind, Video } from '@cinematica/protocol/v1';
import { randomBytes } from 'node:crypto';
import { chart } from '../photo/test-photos.ts';
import { startTestGateway } from './gateway-process.ts';

/** A valid id that no video has. */
export const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';

/** A photo with a GPS position in its EXIF. */
export const photo = new Uint8Array(
  await chart(96, 64)
    .jpeg()
    .withExif({ IFD3: { GPSLatitudeRef: 'N' } })
    .toBuffer(),
);

/** The bytes that stand for the mp4 of a finished video. */
export const mp4 = randomBytes(50_000);

export { expectRefusal } from './expect-refusal.ts';

export const idOf = ({ name }: Video) => name.replace('videos/', '');

/** The file of this kind of a video. */
export const fileOf = (video: Pick<Video, 'media'> | undefined, kind: MediaKind) =>
  video!.media.find((media) => media.kind === kind)!;

/** Starts a gateway for a test file, which disposes of it. @returns the gateway, and functions that change its videos */
export async function openGatewayFixture() {
  const gateway = await startTestGateway({
    ADMIT_RUNNING: '1',
    UNDO_MS: '2000',
    WATCHER_STALL_MS: '1000',
    ADMIT_WAITING: '1',
  });

  /** Creates a video from {@link photo}. @param request fields that are added to the request. */
  async function createTestVideo(client = gateway.client(), request = {}): Promise<Video> {
    const { video } = await client.createVideo({ source: { case: 'image', value: photo }, ...request });
    return video!;
  }

  /** Changes the record of a video, as a stage does. */
  const update = (owner: string, video: Video, change: (record: VideoRecord) => void) =>
    gateway.records.update({ owner, videoId: idOf(video) }, (record) => {
      change(record);
      return changed();
    });

  /** Finishes a video, as the muxer does. @param content of its MP4 file */
  async function finish(owner: string, video: Video, content: Uint8Array = mp4): Promise<void> {
    const videoId = idOf(video);
    const frame = await chart(64, 48).png().toBuffer();
    const parts = { mp4: content, poster: randomBytes(900), 'last-frame': frame };
    const outputs: Artifact[] = [];
    for (const [part, data] of Object.entries(parts)) {
      outputs.push(await gateway.artifacts.put(Lifetime.MEDIA, `${videoId}/0/mux/1/${part}`, part, data));
    }
    await update(owner, video, (record) => {
      for (const task of record.tasks) task.state = TaskState.DONE;
      findTask(record, { stage: PipelineStage.MUX, segment: 0 })!.outputs = outputs;
      record.state = VideoState.DONE;
      record.endTime = timestampFromMs(Date.now());
    });
  }

  /** Cancels all videos, so that videos of the next test do not wait for them. */
  async function cancelAll(): Promise<void> {
    for (const ref of await gateway.videos()) {
      await gateway.records.update(ref, cancelVideo).catch((error: unknown) => {
        // A video of an earlier test may have been purged since.
        if (!(error instanceof UnknownVideoError)) throw error;
      });
    }
  }

  return { gateway, createTestVideo, update, finish, cancelAll };
}
