import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bytesToFloat32, Code, createClient, openChannel, reasonOf, RpcError } from '@cinematica/protocol';
import type { Channel } from '@cinematica/protocol';
import {
  DecoderService,
  DenoiserService,
  EncoderService,
  FileKind,
  MuxerService,
  PixelFormat,
} from '@cinematica/protocol/stages';
import type { Conditioning } from '@cinematica/protocol/stages';
import { ErrorReason } from '@cinematica/protocol/v1';
import {
  bucketStream,
  FailureReason,
  findTask,
  isTerminal,
  Lifetime,
  PipelineStage,
  TaskState,
  VideoState,
} from '@cinematica/pipeline';
import type { Artifact, StoredRecord, VideoRef } from '@cinematica/pipeline';
import { jetstreamManager } from '@nats-io/jetstream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { grpcReady } from '../../scripts/launch/readiness.ts';
import { startStageSystem } from '../support/stage-system.ts';
import { fieldPhoto } from '../support/field-photo.ts';
import { killHard } from '../support/kill-hard.ts';
import type { StageService } from '../support/real-system.ts';
import type { StageSystem } from '../support/stage-system.ts';

const MODEL = join(import.meta.dirname, '../golden/tiny-xt/checkpoint');
const settings = { width: 128, height: 64, seed: 7, steps: 6, checkpointSteps: 2 };
/** A model process starts again for another size or number of frames, so tests in a row have the same. */
const five = { ...settings, frames: 5 };

let system: StageSystem;
let photo: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  photo = await fieldPhoto();
  system = await startStageSystem(MODEL);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  // The permissions of the users suffice.
  expect(system.lines.filter((line) => line.includes('Permissions Violation'))).toEqual([]);
});

const media = ({ record }: StoredRecord): Map<string, Artifact> =>
  new Map(
    findTask(record, { stage: PipelineStage.MUX, segment: 0 })!.outputs.map((artifact) => [artifact.part, artifact]),
  );

/** What ffprobe finds in a file: its size, and the number of frames that can be decoded. */
async function probe(bytes: Uint8Array) {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-probe-'));
  try {
    const file = join(folder, 'video');
    await writeFile(file, bytes);
    const args = '-v error -count_frames -select_streams v:0 -show_entries stream=width,height,nb_read_frames -of json';
    const { stdout } = await promisify(execFile)('ffprobe', [...args.split(' '), file]);
    const { streams } = JSON.parse(stdout) as { streams: { width: number; height: number; nb_read_frames: string }[] };
    const [{ width, height, nb_read_frames: frames } = { width: 0, height: 0, nb_read_frames: '0' }] = streams;
    return { width, height, frames: Number(frames) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The ids of the processes that a process has started. */
const childrenOf = (parent: number): number[] =>
  spawnSync('pgrep', ['-P', String(parent)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
    .map(Number);

describe('over the queue', () => {
  test('a photo becomes a video with every requested file', async () => {
    const ref = await system.create(photo, { ...settings, frames: 4, outputs: ['mp4', 'webp', 'webm'], loop: true });
    const stored = await system.finished(ref);
    expect(stored.record.failure).toBeUndefined();
    expect(stored.record.state).toBe(VideoState.DONE);
    const files = media(stored);
    expect([...files.keys()]).toEqual(['mp4', 'poster', 'card', 'loop', 'webp', 'webm', 'last-frame']);
    const mp4 = await system.artifacts.get(files.get('mp4')!);
    expect(await probe(mp4)).toEqual({ width: 128, height: 64, frames: 13 });
    expect(Buffer.from(mp4).includes('trainedAlgorithmicMedia')).toBe(true);
    expect(await probe(await system.artifacts.get(files.get('loop')!))).toMatchObject({ frames: 24 });
    const webp = await sharp(await system.artifacts.get(files.get('webp')!), { pages: -1 }).metadata();
    expect([webp.width, webp.pageHeight, webp.pages]).toEqual([128, 64, 7]);
    for (const task of stored.record.tasks) expect(task.fingerprint).not.toBe('');
  });

  test('a killed denoiser or model resumes a video of two segments with identical bytes', async () => {
    onTestFailed(() => console.error(system.lines.join('\n')));
    const request = { ...settings, frames: 8, steps: 30 };
    const denoise = { stage: PipelineStage.DENOISE, segment: 1 };
    const undisturbed = await system.finished(await system.create(photo, request));
    expect(undisturbed.record.plan).toMatchObject({ segments: 2, segmentFrames: 5, surplus: 1 });
    const wanted = media(undisturbed).get('mp4')!;
    expect(await probe(await system.artifacts.get(wanted))).toEqual({ width: 128, height: 64, frames: 29 });

    const kills = {
      async process() {
        await system.stop('denoiser', 'SIGKILL');
        await system.start('denoiser');
      },
      // A kill between two steps is not noticed: a new model continues. In that case it is killed again after its next step.
      async model(ref: VideoRef) {
        let killedAt = 0;
        await system.until(ref, ({ record }) => {
          const { attempt, state, step } = findTask(record, denoise)!;
          if (attempt > 1 || isTerminal(record)) return true;
          if (state === TaskState.RUNNING && step > killedAt) {
            killedAt = step;
            childrenOf(system.pid('denoiser')).forEach(killHard);
          }
          return false;
        });
      },
    };
    for (const kill of Object.values(kills)) {
      const ref = await system.create(photo, request);
      await system.until(ref, ({ record }) => (findTask(record, denoise)?.checkpoints[0]?.step ?? 0) >= 4);
      await kill(ref);
      const { record, ...rest } = await system.finished(ref);
      expect(record.state).toBe(VideoState.DONE);
      const resumed = findTask(record, denoise)!;
      expect(resumed.attempt).toBe(2);
      expect(resumed.claimedStep).toBeGreaterThanOrEqual(4);
      expect(media({ record, ...rest }).get('mp4')!.sha256).toEqual(wanted.sha256);
    }
  });

  test('a denoiser that gets SIGTERM saves its next step and returns the task, and another one resumes it', async () => {
    const denoise = { stage: PipelineStage.DENOISE, segment: 0 };
    // The interval is so long that the only checkpoint is the one that SIGTERM causes.
    const ref = await system.create(photo, { ...five, steps: 60, checkpointSteps: 1000 });
    await system.until(ref, ({ record }) => (findTask(record, denoise)?.step ?? 0) >= 3);
    expect(await system.stop('denoiser', 'SIGTERM')).toBe(0);
    const given = findTask((await system.records.get(ref))!.record, denoise)!;
    expect(given.state).toBe(TaskState.READY);
    expect(given.failures).toBe(0);
    await system.start('denoiser');
    const { record } = await system.finished(ref);
    expect(record.state).toBe(VideoState.DONE);
    expect(findTask(record, denoise)!.claimedStep).toBe(given.checkpoints[0]!.step);
  });

  test('a paused stage commits nothing when another one has done its work meanwhile', async () => {
    const denoise = { stage: PipelineStage.DENOISE, segment: 0 };
    const ref = await system.create(photo, { ...five, steps: 60 });
    await system.until(ref, ({ record }) => (findTask(record, denoise)?.step ?? 0) >= 5);
    const paused = system.pid('denoiser');
    process.kill(paused, 'SIGSTOP');
    await system.start('denoiser#2');
    const done = await system.finished(ref);
    expect(done.record.state).toBe(VideoState.DONE);
    expect(findTask(done.record, denoise)!.attempt).toBe(2);
    process.kill(paused, 'SIGCONT');
    // It continues its step, and notices that it has lost the task.
    const lost = () => system.lines.filter((line) => line.includes(ref.videoId) && line.includes('"outcome":"lost"'));
    await expect.poll(lost).toHaveLength(1);
    expect((await system.records.get(ref))!.revision).toBe(done.revision);
    expect(await system.stop('denoiser#2', 'SIGTERM')).toBe(0);
  });

  test('lost or damaged latents are made again with identical bytes', async () => {
    const request = five;
    const undisturbed = await system.finished(await system.create(photo, request));
    const denoise = { stage: PipelineStage.DENOISE, segment: 0 };
    const manager = await jetstreamManager(system.nats, { checkAPI: false });
    const stream = bucketStream(Lifetime.LATENTS);
    for (const change of [null, (data: Uint8Array) => data.map((byte, i) => (i === 100 ? byte ^ 1 : byte))]) {
      await system.stop('decoder', 'SIGTERM');
      const ref = await system.create(photo, request);
      const { record } = await system.until(ref, ({ record: now }) => findTask(now, denoise)?.state === TaskState.DONE);
      const [latents] = findTask(record, denoise)!.outputs;
      // The object store encodes the names of entries as padded base64url.
      const encoded = Buffer.from(latents!.name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
      const entry = await manager.streams.getMessage(stream, { last_by_subj: `$O.latents.M.${encoded}` });
      const chunk = `$O.latents.C.${entry!.json<{ nuid: string }>().nuid}`;
      const content = await manager.streams.getMessage(stream, { last_by_subj: chunk });
      expect((await manager.streams.purge(stream, { filter: chunk })).purged).toBe(1);
      if (change) await manager.jetstream().publish(chunk, change(content!.data));
      await system.start('decoder');
      const made = await system.finished(ref);
      expect(made.record.state).toBe(VideoState.DONE);
      expect(findTask(made.record, denoise)!.remakes).toBe(1);
      expect(media(made).get('mp4')!.sha256).toEqual(media(undisturbed).get('mp4')!.sha256);
    }
  });

  test('an invalid photo fails without retries and reports a readable reason', async () => {
    const { record } = await system.finished(await system.create(Buffer.from('no photo'), { ...settings, frames: 2 }));
    expect(record.state).toBe(VideoState.FAILED);
    expect(record.failure).toMatchObject({
      stage: PipelineStage.ENCODE,
      reason: FailureReason.PHOTO_UNREADABLE,
      permanent: true,
    });
    expect(record.failure?.message).toMatch(/^the photo: not a supported image/);
    expect(findTask(record, { stage: PipelineStage.ENCODE, segment: 0 })?.attempt).toBe(1);
  });

  test('metrics and health checks are served', async () => {
    await grpcReady(system.address('denoiser'), AbortSignal.timeout(5_000));
    const url = system.metricsUrl('denoiser');
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/cinematica_stage_duration_seconds_count\{.*stage="denoise".*outcome="done".*\} [1-9]/);
    expect(metrics).toMatch(/cinematica_model_load_seconds_count\{.*\} [1-9]/);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ ready: true, provider: 'cpu' });
  });
});

describe('over gRPC', () => {
  const channels = new Map<StageService, Channel>();
  const channel = (name: StageService): Channel => {
    const open = channels.get(name) ?? openChannel(system.address(name), { token: system.token });
    channels.set(name, open);
    return open;
  };
  afterAll(() => {
    for (const open of channels.values()) open.close();
  });
  const failure = (call: Promise<unknown>): Promise<RpcError> =>
    call.then(
      () => Promise.reject(new Error('it did not fail')),
      (error: unknown) => (error instanceof RpcError ? error : Promise.reject(error as Error)),
    );
  const encode = async (): Promise<Conditioning> => {
    const client = createClient(EncoderService, channel('encoder'));
    return (await client.encode({ image: photo, width: 128, height: 64, seed: 7 })).conditioning!;
  };
  async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
    const items: T[] = [];
    for await (const item of stream) items.push(item);
    return items;
  }

  test('the four stages work in sequence', async () => {
    const conditioning = await encode();
    expect([conditioning.channels, conditioning.height, conditioning.width]).toEqual([4, 8, 16]);

    const request = { conditioning, frames: 3, steps: 4, seed: 7, previewEvery: 2 };
    const denoised = await all(createClient(DenoiserService, channel('denoiser')).denoise(request));
    const of = (name: string) => denoised.flatMap(({ message }) => (message.case === name ? [message] : []));
    expect(of('step').map(({ value }) => value)).toMatchObject([1, 2, 3, 4].map((step) => ({ step, steps: 4 })));
    const [preview] = of('preview');
    const shown = preview?.case === 'preview' ? await sharp(preview.value.image, { pages: -1 }).metadata() : null;
    expect([shown?.format, shown?.width, shown?.pageHeight, shown?.pages]).toEqual(['webp', 16, 8, 3]);
    const header = denoised.find(({ message }) => message.case === 'latents')!.message;
    const latents = denoised.flatMap(({ message }) => (message.case === 'chunk' ? [message] : []));
    expect(latents).toHaveLength(3);

    const start = { latents: header.case === 'latents' ? header.value : undefined!, framesTogether: 2 };
    const decoding = createClient(DecoderService, channel('decoder')).decode([
      { message: { case: 'start', value: start } },
      ...latents.map((message) => ({ message })),
    ]);
    const [frames, ...pieces] = (await all(decoding)).map(({ message }) => message);
    expect(frames).toMatchObject({ case: 'frames', value: { frames: 3, width: 128, height: 64, pixelFormat: 1 } });
    expect(pieces.map((piece) => piece.case === 'chunk' && [piece.value.index, piece.value.data.length])).toEqual(
      [0, 1, 2].map((index) => [index, 128 * 64 * 3]),
    );

    const value = {
      frames: { frames: 3, width: 128, height: 64, pixelFormat: PixelFormat.RGB8 },
      sourceFps: 7,
      outputs: [FileKind.WEBM],
      settingsJson: '{"seed":7}',
    };
    const muxing = createClient(MuxerService, channel('muxer')).mux([
      { message: { case: 'start', value } },
      ...pieces.flatMap((piece) => (piece.case === 'chunk' ? [{ message: piece }] : [])),
    ]);
    const answers = (await all(muxing)).map(({ message }) => message);
    const files = answers.flatMap((answer) => (answer.case === 'file' ? [answer.value] : []));
    expect(files.map(({ kind }) => kind)).toEqual([FileKind.MP4, FileKind.POSTER, FileKind.CARD, FileKind.WEBM]);
    const mp4 = answers.flatMap((answer) =>
      answer.case === 'chunk' && answer.value.index === 0 ? [answer.value.data] : [],
    );
    expect(await probe(Buffer.concat(mp4))).toEqual({ width: 128, height: 64, frames: 3 });

    // With a size, a rate and the photo, the muxer finishes the frames.
    const finish = async (changes: object) => {
      const start = { ...value, outputs: [], frameRate: 21, outputWidth: 256, outputHeight: 128, photo, ...changes };
      const answers = await all(
        createClient(MuxerService, channel('muxer')).mux([
          { message: { case: 'start' as const, value: start } },
          ...pieces.flatMap((piece) => (piece.case === 'chunk' ? [{ message: piece }] : [])),
        ]),
      );
      return answers.flatMap(({ message }) =>
        message.case === 'chunk' && message.value.index === 0 ? [message.value.data] : [],
      );
    };
    expect(await probe(Buffer.concat(await finish({})))).toEqual({ width: 256, height: 128, frames: 7 });
    for (const [wrong, message] of [
      [{ photo: Buffer.from('no photo') }, /^start.photo: .*not a supported image/],
      [{ outputHeight: 0 }, /^start.output_width: must be set together with output_height/],
      [{ frameRate: 6 }, /^start.frame_rate: must be at least source_fps, which is 7/],
    ] as const) {
      expect((await failure(finish(wrong))).message).toMatch(message);
    }
  });

  test('a segment continues from the last latents of the previous one', async () => {
    const conditioning = await encode();
    const client = createClient(DenoiserService, channel('denoiser'));
    const lastLatents = new Uint8Array(conditioning.imageLatents.length).fill(0);
    const later = await all(client.denoise({ conditioning, lastLatents, segment: 1, frames: 3, steps: 2 }));
    const first = await all(client.denoise({ conditioning, segment: 1, frames: 3, steps: 2 }));
    expect(later.at(-1)).not.toEqual(first.at(-1));
    const wrong = all(client.denoise({ conditioning, lastLatents: new Uint8Array(8) }));
    expect((await failure(wrong)).message).toMatch(/^last_latents: must be 512 float32/);

    // Matched to a first segment that is brighter in every channel: the first frame stays, and the last one has the difference.
    const [statistics] = later.flatMap(({ message }) => (message.case === 'statistics' ? [message.value] : []));
    const { mean, std, detail } = statistics!;
    const request = { conditioning, lastLatents, segment: 1, frames: 3, steps: 2 };
    const firstStatistics = { mean: mean.map((value) => value + 1), std, detail };
    const matched = await all(client.denoise({ ...request, firstStatistics }));
    const [before, after] = [later, matched].map((answers) =>
      answers.flatMap(({ message }) => (message.case === 'chunk' ? [bytesToFloat32(message.value.data)] : [])),
    );
    const shift = (frame: number) => Math.max(...after![frame]!.map((value, i) => value - before![frame]![i]!));
    expect(shift(0)).toBe(0);
    expect(shift(2)).toBeCloseTo(1, 4);
    const short = { mean, std };
    expect((await failure(all(client.denoise({ ...request, firstStatistics: short })))).message).toMatch(
      /^first_statistics: must have a mean, a std and a detail for each of the 4 channels/,
    );
  });

  test('a caller that sends frames slowly does not block others', async () => {
    const client = createClient(MuxerService, channel('muxer'));
    const frames = { frames: 2, width: 64, height: 64, pixelFormat: PixelFormat.RGB8 };
    const start = { message: { case: 'start' as const, value: { frames, sourceFps: 7 } } };
    const data = new Uint8Array(64 * 64 * 3);
    const frame = (index: number) => ({ message: { case: 'chunk' as const, value: { index, data } } });
    const others = Promise.withResolvers<null>();
    const slow = client.mux(
      (async function* () {
        yield start;
        yield frame(0);
        await others.promise;
        yield frame(1);
      })(),
    );
    const first = slow[Symbol.asyncIterator]();
    // The call has the slot for this frame.
    expect((await first.next()).value).toMatchObject({ message: { case: 'progress', value: { frames: 1, total: 2 } } });
    const quick = await all(client.mux([start, frame(0), frame(1)], { timeoutMs: 20_000 }));
    expect(quick.filter(({ message }) => message.case === 'file')).toHaveLength(3);
    others.resolve(null);
    let files = 0;
    for (let next = await first.next(); next.done !== true; next = await first.next()) {
      if (next.value.message.case === 'file') files++;
    }
    expect(files).toBe(3);
  });

  test('calls without the token, for another model or with unsupported settings are refused with a reason', async () => {
    const image = { image: photo, width: 128, height: 64 };
    using stranger = openChannel(system.address('encoder'));
    expect((await failure(createClient(EncoderService, stranger).encode(image))).code).toBe(Code.UNAUTHENTICATED);

    const client = createClient(EncoderService, channel('encoder'));
    const other = await failure(client.encode({ ...image, model: 'another' }));
    expect([other.code, reasonOf(other)]).toEqual([Code.INVALID_ARGUMENT, ErrorReason.MODEL_UNKNOWN]);
    const odd = await failure(client.encode({ ...image, width: 130 }));
    expect([odd.code, reasonOf(odd)]).toEqual([Code.INVALID_ARGUMENT, ErrorReason.SETTING_UNSUPPORTED]);
    expect(odd.message).toMatch(/width: must be a multiple of/);
    const torn = await failure(client.encode({ ...image, image: photo.subarray(0, 900) }));
    expect([torn.code, reasonOf(torn)]).toEqual([Code.INVALID_ARGUMENT, ErrorReason.IMAGE_UNREADABLE]);
  });

  test('a second call waits for the slot until its deadline, and a cancelled call releases the slot', async () => {
    const conditioning = await encode();
    const client = createClient(DenoiserService, channel('denoiser'));
    const long = client.denoise({ conditioning, frames: 5, steps: 100 })[Symbol.asyncIterator]();
    await long.next();
    const refused = await failure(all(client.denoise({ conditioning, frames: 5, steps: 2 }, { timeoutMs: 600 })));
    expect([refused.code, reasonOf(refused)]).toEqual([Code.RESOURCE_EXHAUSTED, ErrorReason.SLOT_TAKEN]);
    const waiting = all(client.denoise({ conditioning, frames: 5, steps: 2 }));
    await long.return?.();
    const done = await waiting;
    expect(done.filter(({ message }) => message.case === 'step')).toHaveLength(2);
  });
});
