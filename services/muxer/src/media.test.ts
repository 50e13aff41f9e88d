import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GENERATED_SOURCE_TYPE } from '@cinematica/provenance';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FfmpegError } from './ffmpeg.ts';
import { muxMedia } from './media.ts';
import type { MediaOutput, MediaRequest } from './media-request.ts';

const run = promisify(execFile);
const settings = { seed: 7, note: `a "b" = 'c'; <d> & é\n`, guidance: { min: 1, max: 3 } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'media-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Rgb = readonly [number, number, number];
type Pixel = (x: number, y: number, frame: number) => Rgb;
type Size = Pick<MediaRequest, 'width' | 'height' | 'frames'>;

/** Frames in chunks whose ends differ from those of the frames. */
async function* draw({ width, height, frames }: Size, pixel: Pixel, pieces = 3) {
  for (let frame = 0; frame < frames; frame++) {
    const data = new Uint8Array(width * height * 3);
    for (let at = 0; at < width * height; at++) data.set(pixel(at % width, Math.floor(at / width), frame), at * 3);
    await Promise.resolve();
    const length = Math.ceil(data.length / pieces);
    for (let from = 0; from < data.length; from += length) yield data.subarray(from, from + length);
  }
}

/** A grey level for each frame. */
const numbered: Pixel = (_x, _y, frame) => [40 + frame * 15, 40 + frame * 15, 40 + frame * 15];

function mux(
  request: Size & Partial<MediaRequest>,
  outputs: readonly Omit<MediaOutput, 'file'>[],
  pixel: Pixel = numbered,
) {
  const named = outputs.map((output, i) => ({ ...output, file: join(folder, `${i}.${output.format}`) }));
  return muxMedia(draw(request, pixel), { fps: 7, settings, ...request, outputs: named });
}

interface Probe {
  readonly streams: readonly [Record<string, string | number>, ...Record<string, string | number>[]];
  readonly format: { readonly duration: string; readonly tags: Record<string, string> };
}

async function probe(file: string): Promise<Probe> {
  const shown = ['-count_frames', '-show_streams', '-show_format', '-of', 'json'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...shown, file]);
  return JSON.parse(stdout) as Probe;
}

/** The decoded frames, as RGB. */
async function frames(file: string): Promise<Buffer[]> {
  const { width, height } = (await probe(file)).streams[0];
  const shown = ['-vf', 'scale=in_color_matrix=bt709:flags=accurate_rnd+full_chroma_int', '-pix_fmt', 'rgb24'];
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', file, ...shown, '-f', 'rawvideo', '-'], {
    encoding: 'buffer',
    maxBuffer: 2 ** 30,
  });
  const size = Number(width) * Number(height) * 3;
  return Array.from({ length: stdout.length / size }, (_, i) => stdout.subarray(i * size, (i + 1) * size));
}

const greys = async (file: string) => (await frames(file)).map((frame) => Math.round((frame[0]! - 40) / 15));

/** The names and offsets of the top-level boxes of an mp4. */
function boxes(mp4: Buffer): { name: string; content: Buffer }[] {
  const found = [];
  for (let at = 0; at < mp4.length;) {
    const length = mp4.readUInt32BE(at);
    found.push({ name: mp4.toString('latin1', at + 4, at + 8), content: mp4.subarray(at + 8, at + length) });
    at += length;
  }
  return found;
}

describe('the mp4', () => {
  test('plays on phones and contains its settings', async () => {
    const [file] = await mux({ width: 64, height: 48, frames: 5 }, [{ format: 'mp4' }]);
    const { streams, format } = await probe(file!.file);
    expect(streams[0]).toMatchObject({
      codec_name: 'h264',
      profile: 'High',
      pix_fmt: 'yuv420p',
      width: 64,
      height: 48,
      color_range: 'tv',
      color_space: 'bt709',
      color_transfer: 'bt709',
      color_primaries: 'bt709',
      nb_read_frames: '5',
      r_frame_rate: '7/1',
    });
    expect(Number(format.duration)).toBeCloseTo(5 / 7, 2);
    expect(JSON.parse(format.tags.comment!)).toEqual(settings);
    expect(format.tags.digitalSourceType).toBe(GENERATED_SOURCE_TYPE);

    const bytes = await readFile(file!.file);
    expect(bytes).toHaveLength(file!.bytes);
    const outermost = boxes(bytes);
    expect(outermost.map(({ name }) => name)).toEqual(['ftyp', 'moov', 'free', 'mdat', 'uuid']);
    const uuid = outermost.at(-1)!.content;
    expect(uuid.toString('hex', 0, 16)).toBe('be7acfcb97a942e89c71999491e3afac');
    expect(uuid.toString('utf8', 16)).toContain(`Iptc4xmpExt:DigitalSourceType="${GENERATED_SOURCE_TYPE}"`);
    expect(uuid.toString('utf8', 16)).toContain('&lt;d&gt; &amp; é');
  });

  test('keeps the colours', async () => {
    const colours: readonly Rgb[] = [
      [255, 255, 255],
      [0, 0, 0],
      [200, 40, 40],
      [30, 160, 60],
      [40, 60, 200],
      [220, 180, 150],
    ];
    const stripes: Pixel = (x) => colours[Math.floor(x / 32)]!;
    const [file] = await mux({ width: 192, height: 32, frames: 2 }, [{ format: 'mp4' }], stripes);
    for (const frame of await frames(file!.file)) {
      colours.forEach((colour, i) => {
        const at = (16 * 192 + i * 32 + 16) * 3;
        for (let c = 0; c < 3; c++) expect(Math.abs(frame[at + c]! - colour[c]!)).toBeLessThanOrEqual(4);
      });
    }
  });

  test('has the same bytes every time, like all other formats', async () => {
    const noise: Pixel = (x, y, frame) => [(x * 7919 + frame * 31) % 256, (y * 104729 + x * y) % 256, (x ^ y) & 255];
    const kinds = [
      ...(['mp4', 'webm', 'webp', 'poster', 'card'] as const).map((format) => ({ format })),
      { format: 'mp4', boomerang: true } as const,
    ];
    const bytes = async () => {
      const files = await mux({ width: 96, height: 64, frames: 9, outputFps: 20 }, kinds, noise);
      return Promise.all(files.map(({ file }) => readFile(file)));
    };
    expect(await bytes()).toEqual(await bytes());
  });
});

describe('sizes and lengths', () => {
  const kinds = [
    { format: 'mp4' },
    { format: 'mp4', boomerang: true },
    { format: 'webm' },
    { format: 'webp' },
    { format: 'poster' },
  ] as const;

  test.each([
    [{ width: 17, height: 31, frames: 1 }, [1, 1, 1, 1, 1]],
    [{ width: 1, height: 1, frames: 2, outputFps: 14 }, [3, 4, 3, 3, 1]],
    [{ width: 33, height: 40, frames: 2, outputFps: 24 }, [4, 6, 4, 2, 1]],
    [{ width: 40, height: 33, frames: 3, outputFps: 7 }, [3, 4, 3, 3, 1]],
    [{ width: 32, height: 32, frames: 250 }, [250, 498, 250, 250, 1]],
  ])('%j', async (request, counts) => {
    const files = await mux(request, kinds, (x, y, frame) => [(x * 9 + frame) % 256, y * 6, 90]);
    expect(files.map((file) => file.frames)).toEqual(counts);
    for (const { file, format, width, height, frames: count } of files) {
      expect([width, height]).toEqual([request.width, request.height].map((side) => side + (side % 2)));
      if (format === 'mp4' || format === 'webm') {
        expect((await probe(file)).streams[0]).toMatchObject({ width, height, nb_read_frames: String(count) });
      } else {
        // libwebp stores an unchanged frame as a longer duration of the previous one.
        const { pages = 1, ...shown } = await sharp(file, { animated: true }).metadata();
        expect(shown).toMatchObject({ width, format: 'webp' });
        expect(pages).toBeLessThanOrEqual(count);
      }
    }
  });

  test('an odd size keeps every pixel and gets no border', async () => {
    const [file] = await mux({ width: 15, height: 9, frames: 1 }, [{ format: 'mp4' }], () => [200, 60, 60]);
    const [frame] = await frames(file!.file);
    expect(frame).toHaveLength(16 * 10 * 3);
    for (let at = 0; at < frame!.length; at += 3) expect(frame![at]).toBeGreaterThan(190);
  });
});

test('frames are enlarged to the size of the files', async () => {
  const sizes = { width: 20, height: 12, outputWidth: 60, outputHeight: 36 };
  const halves: Pixel = (x) => (x < 10 ? [220, 40, 40] : [40, 40, 220]);
  const kinds = [{ format: 'mp4' }, { format: 'poster' }] as const;
  const [mp4, poster] = await mux({ ...sizes, frames: 2 }, kinds, halves);
  expect([mp4, poster]).toMatchObject([1, 2].map(() => ({ width: 60, height: 36 })));
  const [frame] = await frames(mp4!.file);
  const { data } = await sharp(poster!.file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  for (const pixels of [frame!, data]) {
    expect(pixels).toHaveLength(60 * 36 * 3);
    for (const [x, rgb] of [
      [8, [220, 40, 40]],
      [52, [40, 40, 220]],
    ] as const) {
      rgb.forEach((value, c) => expect(Math.abs(pixels[(18 * 60 + x) * 3 + c]! - value)).toBeLessThanOrEqual(8));
    }
  }
});

test('the mp4 has a silent sound track of the same length, and a boomerang has none', async () => {
  const kinds = [{ format: 'mp4' }, { format: 'mp4', boomerang: true }, { format: 'webm' }] as const;
  const [mp4, loop, webm] = await mux({ width: 32, height: 32, frames: 15 }, kinds);
  const { streams } = await probe(mp4!.file);
  expect(streams.map((stream) => stream.codec_type)).toEqual(['video', 'audio']);
  expect(streams[1]).toMatchObject({ codec_name: 'aac', channels: 2, sample_rate: '48000' });
  expect(Math.abs(Number(streams[1]!.duration) - 15 / 7)).toBeLessThan(0.03);
  const { stderr } = await run('ffmpeg', ['-i', mp4!.file, '-af', 'volumedetect', '-vn', '-f', 'null', '-']);
  expect(stderr).toMatch(/max_volume: -91\.0 dB/);
  for (const { file } of [loop!, webm!]) expect((await probe(file)).streams).toHaveLength(1);
});

describe('a boomerang', () => {
  test('plays forwards and backwards, with its end frames once', async () => {
    const kinds = [{ format: 'mp4', boomerang: true }, { format: 'mp4' }] as const;
    const [loop, plain] = await mux({ width: 32, height: 32, frames: 6 }, kinds);
    expect(await greys(loop!.file)).toEqual([0, 1, 2, 3, 4, 5, 4, 3, 2, 1]);
    expect(await greys(plain!.file)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('plays repeated frames on the way back, too', async () => {
    const request = { width: 32, height: 32, frames: 3, outputFps: 14 };
    const [loop, plain] = await mux(request, [{ format: 'mp4', boomerang: true }, { format: 'mp4' }]);
    expect(await greys(plain!.file)).toEqual([0, 0, 1, 1, 2]);
    expect(await greys(loop!.file)).toEqual([0, 0, 1, 1, 2, 1, 1, 0]);
  });
});

test('an animated WebP loops for ever, and it and the poster contain the mark of generated media', async () => {
  const pixel: Pixel = (x, y, frame) => [40 + frame * 40, x * 3, y * 3];
  const kinds = [{ format: 'webp' }, { format: 'poster' }] as const;
  const [webp, poster] = await mux({ width: 64, height: 48, frames: 4, fps: 10 }, kinds, pixel);
  const animation = await sharp(webp!.file, { animated: true }).metadata();
  expect(animation).toMatchObject({ pages: 4, loop: 0, delay: [100, 100, 100, 100], width: 64, pageHeight: 48 });
  for (const { file } of [webp!, poster!]) {
    expect((await sharp(file).metadata()).xmp?.toString('utf8')).toContain(GENERATED_SOURCE_TYPE);
    const { data } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const at = (24 * 64 + 32) * 3;
    [40, 96, 72].forEach((value, c) => expect(Math.abs(data[at + c]! - value)).toBeLessThanOrEqual(6));
  }
  const first = [...(await readFile(poster!.file)).subarray(0, 30)];
  expect(String.fromCharCode(...first.slice(12, 16))).toBe('VP8X');
});

test('the card for link previews has the whole frame over a blurred copy of it, and the mark of generated media', async () => {
  // A tall frame: red above, blue below.
  const pixel: Pixel = (_, y) => (y < 48 ? [200, 40, 40] : [40, 40, 200]);
  const [card] = await mux({ width: 64, height: 96, frames: 2 }, [{ format: 'card' }], pixel);
  expect(card).toMatchObject({ width: 1200, height: 630, frames: 1 });
  const image = sharp(card!.file);
  const { format, width, height, xmp } = await image.metadata();
  expect({ format, width, height }).toEqual({ format: 'jpeg', width: 1200, height: 630 });
  expect(xmp?.toString('utf8')).toContain(GENERATED_SOURCE_TYPE);
  const { data } = await image.raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * 1200 + x) * 3, (y * 1200 + x) * 3 + 3)];
  for (const [x, y, colour] of [
    [600, 5, [200, 40, 40]],
    [600, 625, [40, 40, 200]],
    // Beside the frame, the copy fills the width: its upper and lower ends are cut off.
    [20, 5, [200, 40, 40]],
    [20, 625, [40, 40, 200]],
  ] as const) {
    at(x, y).forEach((value, c) => expect(Math.abs(value - colour[c]!)).toBeLessThanOrEqual(10));
  }
});

/** The child processes of this process. */
async function children(): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,comm=']);
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[1] === String(process.pid) && row[2] === 'ffmpeg').map((row) => Number(row[0]));
}

describe('errors', () => {
  const size = { width: 64, height: 64, frames: 20_000 };
  const request = (): MediaRequest => ({
    ...size,
    fps: 7,
    settings,
    outputs: [
      { format: 'mp4', file: join(folder, 'a b.mp4') },
      { format: 'poster', file: join(folder, 'p.webp') },
    ],
  });

  /** Calls back once ffmpeg has started to encode. */
  async function* endless(onRunning: (pids: number[]) => void) {
    let notified = false;
    for await (const piece of draw(size, numbered, 1)) {
      const pids = notified ? [] : await children();
      if (pids.length > 0) {
        notified = true;
        onRunning(pids);
      }
      yield piece;
    }
  }

  test('an aborted run ends ffmpeg and leaves no file', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    let seen = 0;
    const frames = endless((pids) => {
      seen = pids.length;
      setTimeout(() => controller.abort(reason), 200);
    });
    await expect(muxMedia(frames, request(), controller.signal)).rejects.toBe(reason);
    expect(seen).toBe(1);
    expect(await children()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
    await expect(muxMedia(frames, request(), controller.signal)).rejects.toBe(reason);
  });

  test('an error of the frames is thrown instead of one of ffmpeg', async () => {
    const reason = new Error('the decoder crashed');
    await writeFile(join(folder, 'a b.mp4'), 'what was there');
    async function* failing() {
      yield* draw({ ...size, frames: 3 }, numbered);
      await Promise.resolve();
      throw reason;
    }
    await expect(muxMedia(failing(), request())).rejects.toBe(reason);
    expect(await children()).toEqual([]);
    expect(await readdir(folder)).toEqual(['a b.mp4']);
    expect(await readFile(join(folder, 'a b.mp4'), 'utf8')).toBe('what was there');
  });

  test('a hanging ffmpeg is killed', async () => {
    const frames = endless((pids) => pids.forEach((pid) => process.kill(pid, 'SIGSTOP')));
    await expect(muxMedia(frames, { ...request(), silenceMs: 400 })).rejects.toThrow(
      'ffmpeg made no progress for 0.4 s and was killed',
    );
    expect(await children()).toEqual([]);
  });

  test.each([
    [3, 4, '3 frames arrived, but 4 were announced'],
    [5, 4, 'more frames arrived than the 4'],
  ])('rejects %i frames when %i were announced', async (came, frames, message) => {
    const muxing = muxMedia(draw({ ...size, frames: came }, numbered), { ...request(), frames });
    await expect(muxing).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });

  test('the number of frames is checked even for a poster alone', async () => {
    const outputs = [{ format: 'poster', file: join(folder, 'p.webp') }] as const;
    const frames = (came: number) => draw({ ...size, frames: came }, numbered);
    await expect(muxMedia(frames(3), { ...request(), frames: 40, outputs })).rejects.toThrow('3 frames arrived');
    await expect(muxMedia(frames(40), { ...request(), frames: 40, outputs })).resolves.toHaveLength(1);
  });

  test('the error contains the last lines of ffmpeg', async () => {
    const outputs = [{ format: 'mp4', file: join(folder, 'none', 'out.mp4') }] as const;
    const error: unknown = await muxMedia(draw({ ...size, frames: 1 }, numbered), {
      ...request(),
      frames: 1,
      outputs,
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FfmpegError);
    expect((error as FfmpegError).message).toMatch(/^ffmpeg exited with code \d+: .*No such file or directory$/);
    expect((error as FfmpegError).stderr).toContain('none');
  });

  test.each([
    [{ width: 0 }, 'width must be a whole number from 1 to 8192, not 0'],
    [{ frames: 2.5 }, 'frames must be a whole number from 1 to 20000, not 2.5'],
    [{ fps: NaN }, 'fps must be above 0 and at most 240, not NaN'],
    [{ outputFps: 5 }, "the output's frame rate must be from the frames' own 7 to 240, not 5"],
    [{ outputs: [] }, 'at least one output is required'],
  ])('rejects %j', async (wrong, message) => {
    await expect(muxMedia(draw(size, numbered), { ...request(), ...wrong })).rejects.toThrow(message);
  });

  test('a missing ffmpeg is reported in one line', async () => {
    const module = JSON.stringify(join(import.meta.dirname, 'ffmpeg.ts'));
    const program = `import { requireFfmpeg } from ${module}; await requireFfmpeg([]).catch((e) => console.log(e.message));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: folder, FFMPEG_PATH: '' },
    });
    expect(stdout).toMatch(/^ffmpeg was not found: install it .*\n$/);
  });
});
