import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A piece of a video: frames of interleaved 8-bit RGB. */
export interface Clip {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Uint8Array[];
}

/**
 * Runs a program and returns its output.
 * @throws Error with the program's messages, when it fails or can not be started
 */
export async function runTool(
  command: string,
  args: readonly string[],
  { input, cwd }: { readonly input?: readonly Uint8Array[]; readonly cwd?: string } = {},
): Promise<Buffer> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  for (const piece of input ?? [])
    if (!child.stdin.write(piece)) await Promise.race([once(child.stdin, 'drain'), closed]);
  child.stdin.end();
  const [code] = (await closed) as [number | null];
  if (code !== 0) throw new Error(`${command} failed: ${Buffer.concat(err).toString().trim()}`);
  return Buffer.concat(out);
}

/**
 * Reads the first frames of a clip.
 * @param maxWidth a wider clip is made this wide, in its own shape; sides are even.
 */
export async function readClip(file: string, count: number, maxWidth: number, from = 0): Promise<Clip> {
  const probe = await runTool('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', file],
  ]);
  const [sourceWidth = 0, sourceHeight = 0] = probe.toString().trim().split(',').map(Number);
  const even = (value: number) => 2 * Math.round(value / 2);
  const width = even(Math.min(maxWidth, sourceWidth));
  const height = even((sourceHeight * width) / sourceWidth);
  const filter = `trim=start_frame=${from},setpts=PTS-STARTPTS,scale=${width}:${height}:flags=area+accurate_rnd+full_chroma_int`;
  const raw = await runTool('ffmpeg', [
    ...['-v', 'error', '-i', file, '-vf', filter, '-fps_mode', 'passthrough', '-frames:v', String(count)],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
  ]);
  const size = 3 * width * height;
  const frames = Array.from({ length: Math.floor(raw.length / size) }, (_, i) =>
    raw.subarray(i * size, (i + 1) * size),
  );
  return { width, height, frames };
}
