import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCinematica, VideoState } from '@cinematica/client';
import type { VideoRpc } from '@cinematica/client';
import { installPackedClient } from '@cinematica/client/testing';
import { USAGE } from './animate/arguments.ts';
import { findModel } from './animate/find-model.ts';
import { freePorts } from './launch/ports.ts';
import { natsServer } from './setup/nats-server.mjs';
import { program } from '../test/support/program.ts';

const project = join(import.meta.dirname, '..');
const golden = join(project, 'test', 'golden', 'tiny-xt', 'checkpoint');
const other = join(project, 'test', 'golden', 'mixed', 'checkpoint');
const command = program('scripts/animate.ts');
const HEIC = 'services/gateway/src/photo/fixtures/grid.heic';

let folder: string;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-'));
  const none = { CINEMATICA_URL: undefined, CINEMATICA_API_KEY: undefined, NATS_URL: undefined };
  // The invisible mark has a number of its video, by which videos with the same settings differ.
  const computing = { EXECUTION_PROVIDER: 'cpu', THREADS: '1', INVISIBLE_MARK: 'false' };
  environment = { ...process.env, ...(await natsServer(project)), ...none, ...computing };
  // The golden checkpoint with a small size in its model card, so that "auto" is small: its window is 5 frames.
  const model = join(folder, 'tiny');
  await mkdir(model);
  for (const name of await readdir(golden)) await symlink(join(golden, name), join(model, name));
  await writeFile(join(model, 'cinematica.json'), JSON.stringify({ title: 'Tiny', sizes: ['128x64'] }));
  // The file has a landscape photo of 120x60; its EXIF orientation makes it portrait.
  const photo = sharp({ create: { width: 120, height: 60, channels: 3, background: '#c08040' } });
  await photo.clone().withMetadata({ orientation: 6 }).jpeg().toFile(join(folder, 'my photo.jpg'));
  // The photos have one shape, because a model process ends when it gets a video of another one.
  await photo.clone().rotate(90).tiff().toFile(join(folder, 'scan.tiff'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command to its end. `act` is called with each piece of its stderr. */
async function animate(args: string[], act: (err: string, child: ChildProcess) => void = () => undefined) {
  const child = spawn(process.execPath, [command, ...args], { cwd: folder, env: environment });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
    act(said.err, child);
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...said } satisfies Outcome;
}

/** A proxy that breaks each download after 2000 bytes. `breakAll` breaks all connections. */
async function startBadNetwork(port: number) {
  const sockets = new Set<Socket>();
  let pieces = 0;
  const server = createTcpServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    // A client sends several requests on a connection.
    near.on('data', (head) => {
      if (!head.toString('latin1').startsWith('GET /media/')) return;
      pieces++;
      let left = 2_000;
      // `unpipe` pauses the stream.
      far
        .unpipe(near)
        .resume()
        .on('data', (data) => {
          near.write(data.subarray(0, Math.max(0, left)), () => left <= 0 && near.destroy());
          left -= data.length;
        });
    });
    near.pipe(far);
    far.pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get pieces() {
      return pieces;
    },
    breakAll() {
      const { size } = sockets;
      for (const socket of sockets) socket.destroy();
      return size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const quick = ['--steps', '2', '--frames', '2'];

async function probe(file: string) {
  const shown = [
    '-select_streams',
    'v',
    '-show_entries',
    'stream=width,height,nb_read_frames,r_frame_rate:format_tags=comment',
  ];
  const ffprobe = promisify(execFile)('ffprobe', ['-v', 'error', '-count_frames', ...shown, '-of', 'json', file]);
  const { streams, format } = JSON.parse((await ffprobe).stdout) as {
    streams: [Record<string, unknown>];
    format: { tags: { comment: string } };
  };
  return { video: streams[0], settings: JSON.parse(format.tags.comment) as Record<string, unknown> };
}

test('three commands that start at the same time use the system of one of them', async () => {
  const args = ['--model', 'tiny', '--data', 'shared', '--threads', '1', ...quick];
  const outcomes = await Promise.all(
    [1, 2, 3].map((number) => animate(['my photo.jpg', `many-${number}.mp4`, '--seed', '5', ...args])),
  );
  expect(
    outcomes.map(({ code, err }) => ({ code, err })),
    outcomes.map(({ err }) => err).join('\n'),
  ).toEqual(outcomes.map(({ err }) => ({ code: 0, err })));
  expect(outcomes.filter(({ err }) => err.includes('stopping the system'))).toHaveLength(1);
  const files = await Promise.all([1, 2, 3].map((number) => readFile(join(folder, `many-${number}.mp4`))));
  for (const file of files) expect(file).toEqual(files[0]);
  expect(await readdir(join(folder, 'shared'))).not.toContain('address');
}, 120_000);

/** Starts a system as `npm start` does. It may not be ready yet: the command waits for it. */
async function startSystem(name: string) {
  const [port = 0] = await freePorts(1);
  const home = join(folder, name);
  const args = ['--model', join(folder, 'tiny'), '--data', home, '--port', String(port)];
  const launcher = spawn(process.execPath, [program('scripts/launch/main.ts'), ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  while (!(await readdir(home).catch(() => [] as string[])).includes('compute.sock')) await delay(50);
  return {
    launcher,
    url: `http://127.0.0.1:${port}`,
    home,
    async [Symbol.asyncDispose]() {
      if (launcher.exitCode !== null || launcher.signalCode !== null) return;
      const gone = once(launcher, 'exit');
      launcher.kill('SIGTERM');
      await gone;
    },
  };
}

describe('with a running system', () => {
  let system: Awaited<ReturnType<typeof startSystem>>;
  let url: string;
  let client: VideoRpc;
  /** A video that another system made before, in the same data folder: a command started that system. */
  let earlier: Outcome;
  /** The data folder after that. */
  let left: string[];
  /** The video b.mp4, which was asked for while the system started. */
  let first: Outcome;
  beforeAll(async () => {
    const started = ['--model', 'tiny', '--preset', 'calm', '--threads', '1'];
    earlier = await animate(['my photo.jpg', 'a.mp4', ...started, ...here, ...quick]);
    left = await readdir(join(folder, 'running'));
    system = await startSystem('running');
    url = system.url;
    const apiKey = (await readFile(join(system.home, 'api-key'), 'utf8')).trim();
    client = createCinematica({ baseUrl: url, apiKey }).rpc;
    first = await animate(['my photo.jpg', 'b.mp4', ...here, ...quick, '--seed', '5']);
  });
  afterAll(() => system[Symbol.asyncDispose]());

  const here = ['--data', 'running'];
  const newest = async () => (await client.listVideos({ pageSize: 1 })).videos[0]!;

  test('a system is started for the video and stopped afterwards when none runs', async () => {
    const { code, out, err } = earlier;
    expect({ code, out }, err).toEqual({
      code: 0,
      out: expect.stringMatching(/^a\.mp4: 64x128, 5 frames at 28 fps, 0\.2 s, \d+ kB, in \d+ s\n$/) as string,
    });
    const lines = err.trimEnd().split('\n');
    expect(lines[0]).toBe('starting the system');
    expect(lines).toContain('sending the photo');
    expect(err).toMatch(/denoising {2}step 2 of 2/);
    expect(lines.at(-1)).toBe('stopping the system');

    const { video, settings } = await probe(join(folder, 'a.mp4'));
    expect(video).toEqual({ width: 64, height: 128, nb_read_frames: '5', r_frame_rate: '28/1' });
    expect(settings).toMatchObject({
      frames: 2,
      steps: 2,
      motionBucketId: 60,
      minGuidance: 1,
      maxGuidance: 3,
      size: '64x128',
    });
    expect(err).toContain(`Tiny: 64x128, 2 frames, 2 steps, seed ${String(settings.seed)}\n`);
    // Only the owner can read it.
    expect((await stat(join(system.home, 'api-key'))).mode & 0o777).toBe(0o600);
    expect(left).toContain('api-key');
    expect(left).not.toContain('address');
  });

  test('a command waits for a system that starts, and videos of an earlier system stay', async () => {
    expect(earlier, earlier.err).toMatchObject({ code: 0 });
    expect(first, first.err).toMatchObject({ code: 0 });
    expect(first.err).toMatch(/^waiting for the system in .*running to be ready, or to end\n/);
    expect(first.err).not.toContain('starting');
    const { videos } = await client.listVideos({});
    expect(videos.filter(({ state }) => state === VideoState.DONE).length).toBeGreaterThanOrEqual(2);
  });

  test('the same seed gives the same video', async () => {
    const again = await animate(['my photo.jpg', 'c.mp4', ...here, ...quick, '--seed', '5']);
    expect(again.code, again.err).toBe(0);
    const [b, c] = await Promise.all(['b.mp4', 'c.mp4'].map((name) => readFile(join(folder, name))));
    expect(c).toEqual(b);
  });

  test('a TIFF becomes a video that is longer than the window, with further files', async () => {
    const more = ['--frames', '8', '--size', '64x64', '--steps', '2', '--fps', '7', '--output-fps', '14'];
    const also = ['--also', 'loop,poster,webm'];
    const { code, out, err } = await animate(['scan.tiff', 'long.mp4', ...here, ...more, ...also]);
    expect(code, err).toBe(0);
    expect(err).toContain('8 frames in 2 parts, 2 steps');
    expect(err).toContain('step 4 of 4');
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^long\.mp4: 64x64, 15 frames at 14 fps, 1\.1 s, \d+ kB, in \d+ s$/);
    expect(lines.slice(1).map((line) => line.split(':', 1)[0])).toEqual([
      'long-loop.mp4',
      'long-poster.webp',
      'long.webm',
    ]);
    expect((await probe(join(folder, 'long.mp4'))).video).toMatchObject({ nb_read_frames: '15', r_frame_rate: '14/1' });
    expect((await probe(join(folder, 'long-loop.mp4'))).video).toMatchObject({ nb_read_frames: '28' });
    expect(await sharp(join(folder, 'long-poster.webp')).metadata()).toMatchObject({ format: 'webp', width: 64 });
  });

  test('--address selects the system, and a cookie identifies the caller without a key', async () => {
    const args = ['my photo.jpg', 'd.webp', '--address', url, '--data', 'nowhere', ...quick];
    const { code, err } = await animate(args);
    expect(code, err).toBe(0);
    expect(await sharp(join(folder, 'd.webp')).metadata()).toMatchObject({ format: 'webp', pages: 3 });
    expect(await readdir(folder)).not.toContain('nowhere');
    const stranger = await animate([...args, '--api-key', 'wrong']);
    expect(stranger).toMatchObject({ code: 1, out: '' });
    expect(stranger.err).toMatch(
      /animate: the system does not know this key: check --api-key or CINEMATICA_API_KEY\n$/,
    );
  });

  test('the event stream and the download continue after broken connections', async () => {
    await using network = await startBadNetwork(Number(new URL(url).port));
    const address = `http://127.0.0.1:${network.port}`;
    let broken = false;
    const args = ['my photo.jpg', 'e.mp4', '--address', address, ...quick, '--seed', '5'];
    const { code, err } = await animate(args, (said) => {
      if (!broken && said.includes('seed 5')) broken = network.breakAll() > 0;
    });
    expect(code, err).toBe(0);
    expect(broken).toBe(true);
    const [direct, pieces] = await Promise.all(['b.mp4', 'e.mp4'].map((name) => readFile(join(folder, name))));
    expect(pieces).toEqual(direct);
    expect(network.pieces).toBeGreaterThan(2);
  });

  test('Ctrl-C cancels the video and leaves no file', async () => {
    const target = join(folder, 'stopped');
    await mkdir(target);
    let pressed = false;
    const args = ['my photo.jpg', join('stopped', 'o.mp4'), ...here, '--frames', '250', '--steps', '100'];
    const { code, out, err } = await animate(args, (said, child) => {
      if (!pressed && said.includes('denoising  step')) pressed = child.kill('SIGINT');
    });
    expect({ code, out }, err).toEqual({ code: 130, out: '' });
    const { name, state } = await newest();
    expect(err.trimEnd().split('\n').slice(-3)).toEqual([
      'stopping; press Ctrl-C again to exit immediately',
      `cancelled ${name}`,
      'stopped',
    ]);
    expect(state).toBe(VideoState.CANCELLED);
    expect(await readdir(target)).toEqual([]);
  });

  test('the client package, built, packed and installed, makes, watches, downloads and cancels videos', async () => {
    const home = join(folder, 'consumer');
    const program = await installPackedClient(home);
    const apiKey = (await readFile(join(system.home, 'api-key'), 'utf8')).trim();
    const args = [program, url, apiKey, join(folder, 'my photo.jpg'), join(project, HEIC)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: home });
    expect(JSON.parse(stdout)).toEqual({
      name: expect.stringMatching(/^videos\//) as string,
      updates: expect.arrayContaining(['progress', 'video']) as string[],
      poster: { type: 'image/webp', size: expect.any(Number) as number },
      cancelled: VideoState.CANCELLED,
      refused: 'IMAGE_TYPE_UNSUPPORTED',
      badSetting: { reason: 'INVALID_REQUEST', fields: ['settings.frames'], retryDelayMs: null },
      unknown: { reason: 'VIDEO_NOT_FOUND', fields: [], retryDelayMs: null },
      badKey: { reason: 'NOT_AUTHENTICATED', fields: [], retryDelayMs: null },
      aborted: 'Error: enough',
    });
    expect(await readFile(join(home, 'client.mp4'))).toEqual(await readFile(join(folder, 'b.mp4')));
  });

  const python = process.env.PYTHON ?? 'python3';
  const { status } = spawnSync(python, ['-c', 'import grpc, google.rpc.error_details_pb2']);
  test.skipIf(status !== 0)(
    'the Python client makes a video (skipped without the packages grpcio and googleapis-common-protos)',
    async () => {
      const home = join(project, 'clients', 'python');
      const env = {
        ...process.env,
        PYTHONPATH: join(home, 'src'),
        PYTHONDONTWRITEBYTECODE: '1',
        CINEMATICA_TARGET: new URL(url).host,
        CINEMATICA_API_KEY: (await readFile(join(system.home, 'api-key'), 'utf8')).trim(),
        FRAMES: '2',
      };
      const example = (photo: string) =>
        promisify(execFile)(python, [join(home, 'examples', 'animate.py'), photo, 'python.mp4'], { cwd: folder, env });
      expect((await example('my photo.jpg')).stdout).toBe('python.mp4\n');
      expect((await probe(join(folder, 'python.mp4'))).video).toMatchObject({ width: 64, height: 128 });
      await expect(example('tiny/cinematica.json')).rejects.toMatchObject({
        stderr: expect.stringMatching(/^IMAGE_TYPE_UNSUPPORTED: /) as string,
      });
    },
    120_000,
  );

  test('a HEIC photo becomes a video, upright', async () => {
    const { code, err } = await animate([join(project, HEIC), 'heic.mp4', ...here, ...quick, '--size', '64x128']);
    expect(code, err).toBe(0);
  });

  describe('with a folder of photos', () => {
    const batch = ['trip', join('trip', 'day 1', 'a.jpg'), 'scan.*', '--out', 'videos', ...here, ...quick];
    const jobs = ['--jobs', '2', '--seed', '1'];
    const videos = () => readdir(join(folder, 'videos'), { recursive: true }).then((names) => names.sort());
    beforeAll(async () => {
      await mkdir(join(folder, 'trip', 'day 1'), { recursive: true });
      const photo = (background: string) => sharp({ create: { width: 48, height: 96, channels: 3, background } });
      await photo('#204080')
        .jpeg()
        .toFile(join(folder, 'trip', 'a.jpg'));
      await photo('#802040')
        .png()
        .toFile(join(folder, 'trip', 'a.png'));
      await photo('#208040')
        .webp()
        .toFile(join(folder, 'trip', 'day 1', 'a.jpg'));
      await writeFile(join(folder, 'trip', 'broken.jpg'), 'this is no photo');
      await writeFile(join(folder, 'trip', 'notes.txt'), 'text');
    });

    test('each photo gets a video of its name, a broken one is listed, and the exit status is 1', async () => {
      const { code, out, err } = await animate([...batch, ...jobs]);
      expect(code, err).toBe(1);
      const lines = out.trimEnd().split('\n').sort();
      expect(lines.map((line) => line.split(':', 1)[0])).toEqual([
        'scan.tiff -> videos/scan.mp4',
        'trip/a.jpg -> videos/a.mp4',
        'trip/a.png -> videos/a-2.mp4',
        'trip/day 1/a.jpg -> videos/day 1/a.mp4',
      ]);
      expect(lines[0]).toMatch(/: \d+x\d+, 5 frames at 28 fps, 0\.2 s, \d+ kB, in \d+ s$/);
      expect(err).toMatch(/animating 5 photos {2}video 0 of 5\n/);
      expect(err).toMatch(/animating 5 photos {2}video 5 of 5/);
      expect(err).toContain('failed: trip/broken.jpg: ');
      expect(err).toMatch(/\nvideos: 4 made, 1 failed:\n {2}trip\/broken\.jpg: .*\n$/);
      expect((await videos()).filter((name) => name.endsWith('.mp4'))).toEqual([
        'a-2.mp4',
        'a.mp4',
        'day 1/a.mp4',
        'scan.mp4',
      ]);
    });

    test('a second run makes only what is missing: a changed photo, a deleted video, a repaired photo', async () => {
      const kept = await readFile(join(folder, 'videos', 'a.mp4'));
      await sharp({ create: { width: 48, height: 96, channels: 3, background: '#fff' } })
        .png()
        .toFile(join(folder, 'trip', 'a.png'));
      await rm(join(folder, 'videos', 'day 1', 'a.mp4'));
      await copyFile(join(folder, 'trip', 'a.jpg'), join(folder, 'trip', 'broken.jpg'));
      const { code, out, err } = await animate([...batch, ...jobs]);
      expect(code, err).toBe(0);
      const made = out.trimEnd().split('\n').sort();
      expect(made.map((line) => line.split(':', 1)[0])).toEqual([
        'trip/a.png -> videos/a-2.mp4',
        'trip/broken.jpg -> videos/broken.mp4',
        'trip/day 1/a.jpg -> videos/day 1/a.mp4',
      ]);
      expect(err).toMatch(/\nvideos: 3 made, 2 skipped, because they were made before\n$/);
      expect(await readFile(join(folder, 'videos', 'a.mp4'))).toEqual(kept);
    });

    test('other settings replace the videos, but not a file that someone has edited', async () => {
      await writeFile(join(folder, 'videos', 'scan.mp4'), 'edited');
      const args = ['scan.tiff', '--out', 'videos', ...here, ...quick, '--seed', '2'];
      const { code, out, err } = await animate(args);
      expect(code, err).toBe(0);
      expect(out).toMatch(/^scan\.tiff -> videos\/scan-2\.mp4: /);
      expect(await readFile(join(folder, 'videos', 'scan.mp4'), 'utf8')).toBe('edited');
      const again = await animate([...args, '--address', 'http://127.0.0.1:1', '--also', '']);
      expect(again).toMatchObject({
        code: 0,
        out: '',
        err: 'videos: 0 made, 1 skipped, because they were made before\n',
      });
    });

    test('Ctrl-C cancels the videos in work and lists what was not made', async () => {
      let pressed = false;
      const long = ['trip', '--out', 'stopped-videos', ...here, '--frames', '250', '--steps', '100', '--jobs', '3'];
      const { code, out, err } = await animate(long, (_, child) => {
        if (pressed) return;
        pressed = true;
        untilRunning().then(
          () => child.kill('SIGINT'),
          () => child.kill('SIGKILL'),
        );
      });
      expect({ code, out }, err).toEqual({ code: 130, out: '' });
      expect(err).toMatch(/\nvideos: 0 made, 4 not made:\n( {2}trip\/.*: not made\n){4}stopped\n$/);
      const { videos: all } = await client.listVideos({ pageSize: 3 });
      expect(all.map(({ state }) => state)).toEqual(Array(3).fill(VideoState.CANCELLED));
      expect(
        (await readdir(join(folder, 'stopped-videos'), { recursive: true })).filter((n) => /mp4|part/.test(n)),
      ).toEqual([]);
    });

    /** Waits until the newest three videos are unfinished. */
    async function untilRunning(): Promise<void> {
      for (;;) {
        const { videos: all } = await client.listVideos({ pageSize: 3 });
        if (all.every(({ state }) => state === VideoState.QUEUED || state === VideoState.RUNNING)) return;
        await delay(50);
      }
    }
  });

  test.each([
    [[], 2, 'which photo, and which video? (--help shows the options)'],
    [
      ['my photo.jpg', 'o.mp4', ...here, '--motion', '300'],
      2,
      '--motion must be a whole number from 1 to 255, not 300',
    ],
    [
      ['my photo.jpg', 'o.mp4', ...here, '--size', '100x64'],
      2,
      '--size 100x64: width and height must be multiples of 8',
    ],
    [['my photo.jpg', 'o.mp4', ...here, '--size', '9000x64'], 2, '--size must be '],
    [['my photo.jpg', 'o.mp4', ...here, '--output-fps', '5'], 2, '--output-fps must be at least --fps, which is 7'],
    [['my photo.jpg', 'o.mp4', ...here, '--model', other], 2, 'makes videos with Tiny, not with the model in'],
    [
      ['my photo.jpg', 'o.mp4', ...here, '--threads', '2'],
      2,
      '--threads is for a system that is started here; the one that runs at http://127.0.0.1:',
    ],
    [['my photo.jpg', 'o.mp4', '--address', 'http://127.0.0.1:1'], 1, 'no system answers at http://127.0.0.1:1/ ('],
    [['none.jpg', 'o.mp4', ...here], 1, 'none.jpg: no such file'],
    [['tiny/cinematica.json', 'o.mp4', ...here], 1, 'tiny/cinematica.json: This file is not a photo that can be read.'],
    [['my photo.jpg', 'none/o.mp4', ...here], 1, 'none: there is no such folder'],
  ])('%j is refused with one line', async (args, code, message) => {
    const result = await animate(args);
    expect(result).toMatchObject({ code, out: '' });
    const lines = result.err
      .trimEnd()
      .split('\n')
      .filter((line) => line !== 'sending the photo');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^animate: /);
    expect(lines[0]).toContain(message);
    expect(await readdir(folder)).not.toContain('o.mp4');
  });

  // The last one, because it ends the system.
  test('the end of the system during a video is reported in one line', async () => {
    const args = ['my photo.jpg', 'o.mp4', ...here, '--frames', '250', '--steps', '100'];
    let killed = false;
    const { code, err } = await animate(args, (said) => {
      if (!killed && said.includes('denoising  step')) killed = system.launcher.kill('SIGKILL');
    });
    expect(code, err).toBe(1);
    expect(err.trimEnd().split('\n').at(-1)).toMatch(/^animate: the system at http:\S+ has ended: /);
  });
});

test('an address where no system answers is reported', async () => {
  const server = createServer((_, response) => response.writeHead(404).end('no')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, err } = await animate(['my photo.jpg', 'o.mp4', '--address', `http://127.0.0.1:${port}`]);
  server.close();
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringMatching(/^animate: no system answers at http:\S+ \(.+\)\n$/) as string,
  });
});

test('--help prints the usage', async () => {
  expect(await animate(['--help'])).toEqual({ code: 0, out: `${USAGE}\n`, err: '' });
});

test('a folder without a model is refused', async () => {
  const { code, err } = await animate(['my photo.jpg', 'o.mp4', '--model', '.', '--data', 'other']);
  expect(code).toBe(1);
  expect(err).toMatch(
    /animate: .* is not a checkpoint: it has neither .* npm run weights .* Choose a model with --model\.\n$/,
  );
});

test('a video does not replace its photo', async () => {
  await copyFile(join(folder, 'my photo.jpg'), join(folder, 'photo.webp'));
  const { code, err } = await animate(['photo.webp', './photo.webp']);
  expect({ code, err }).toEqual({
    code: 1,
    err: `animate: ${join(folder, 'photo.webp')}: the video would replace the photo\n`,
  });
});

test('a missing model is an error when the project does not include one', () => {
  expect(() => findModel(undefined, folder)).toThrow(/--model; npm run weights -- svd-xt fetches/);
  expect(findModel('/some/model', folder)).toBe('/some/model');
});
