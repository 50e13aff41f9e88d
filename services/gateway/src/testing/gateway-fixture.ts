/** What the gateway's tests share: a gateway of their own, and what stages would do to its videos. */
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { cancelVideo, changed, findTask, Lifetime, Stage, TaskState, VideoState } from '@cinematica/pipeline';
import type { Artifact, VideoRecord } from '@cinematica/pipeline';
import { ErrorInfoSchema } from '@cinematica/protocol';
import type { MediaKind, Video } from '@cinematica/protocol/v1';
import { ConnectError } from '@connectrpc/connect';
import type { Code } from '@connectrpc/connect';
import { randomBytes } from 'node:crypto';
import { chart } from '../photo/test-photos.ts';
import { startTestGateway } from './gateway-process.ts';

/** The id of no video. */
export const NOTHING = '00000000-0000-7000-8000-000000000000';

/** A photo with a place in its EXIF. */
export const photo = new Uint8Array(
  await chart(96, 64)
    .jpeg()
    .withExif({ IFD3: { GPSLatitudeRef: 'N' } })
    .toBuffer(),
);

/** What stands for a finished video's mp4. */
export const mp4 = randomBytes(50_000);

export const gateway = await startTestGateway({
  ADMIT_RUNNING: '1',
  UNDO_MS: '2000',
  WATCHER_STALL_MS: '1000',
  ADMIT_WAITING: '1',
});

export async function made(client = gateway.client(), request = {}): Promise<Video> {
  const { video } = await client.createVideo({ source: { case: 'image', value: photo }, ...request });
  return video!;
}

export interface Refusal {
  readonly code: Code;
  readonly reason: string;
  readonly message: string;
  readonly error: ConnectError;
}

/** The refusal of a call. */
export async function refused(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => {
      throw new Error('it was not refused');
    },
    (thrown: unknown) => ConnectError.from(thrown),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  return { code: error.code, reason: info?.reason ?? '', message: error.rawMessage, error };
}

export const idOf = ({ name }: Video) => name.replace('videos/', '');

/** A file of a video. */
export const fileOf = (video: Pick<Video, 'media'> | undefined, kind: MediaKind) =>
  video!.media.find((media) => media.kind === kind)!;

/** Changes a record as a stage does. */
export const update = (owner: string, video: Video, change: (record: VideoRecord) => void) =>
  gateway.records.update({ owner, videoId: idOf(video) }, (record) => {
    change(record);
    return changed();
  });

/** Ends a video as the muxer does. @param content of its MP4 file. */
export async function finish(owner: string, video: Video, content: Uint8Array = mp4): Promise<void> {
  const videoId = idOf(video);
  const frame = await chart(64, 48).png().toBuffer();
  const parts = { mp4: content, poster: randomBytes(900), 'last-frame': frame };
  const outputs: Artifact[] = [];
  for (const [part, data] of Object.entries(parts)) {
    outputs.push(await gateway.artifacts.put(Lifetime.MEDIA, `${videoId}/0/mux/1/${part}`, part, data));
  }
  await update(owner, video, (record) => {
    for (const task of record.tasks) task.state = TaskState.DONE;
    findTask(record, { stage: Stage.MUX, segment: 0 })!.outputs = outputs;
    record.state = VideoState.DONE;
    record.endTime = timestampFromMs(Date.now());
  });
}

/** Leaves nothing that another test's videos would have to wait for. */
export async function cancelAll(): Promise<void> {
  for (const ref of await gateway.videos()) await gateway.records.update(ref, cancelVideo);
}
