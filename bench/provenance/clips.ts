import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readClip, runTool } from '../finish/clip.ts';
import type { Clip } from '../finish/clip.ts';

/** The size, the rate and the length of clips that are made of photos: those of a finished video. */
const [WIDTH, HEIGHT, FPS, FRAMES] = [1280, 720, 28, 42];

/**
 * A clip of a photo, through which a camera moves: to the right while it comes nearer. The photo is enlarged before, so that the
 * camera's steps are parts of a pixel.
 */
export async function movePhoto(file: string, folder: string): Promise<Clip> {
  const path = join(folder, 'moved.mkv');
  await mkdir(folder, { recursive: true });
  const zoom = `zoompan=z='1.15+0.0025*on':x='(iw-iw/zoom)*(0.2+0.012*on)':y='(ih-ih/zoom)/2':d=${FRAMES}:s=${WIDTH}x${HEIGHT}:fps=${FPS}`;
  const fill = `scale=${3 * WIDTH}:${3 * HEIGHT}:force_original_aspect_ratio=increase,crop=${3 * WIDTH}:${3 * HEIGHT}`;
  try {
    const encoder = ['-frames:v', String(FRAMES), '-c:v', 'ffv1', '-pix_fmt', 'bgr0'];
    await runTool('ffmpeg', ['-v', 'error', '-y', '-i', file, '-vf', `${fill},${zoom}`, ...encoder, path]);
    return await readClip(path, FRAMES, WIDTH);
  } finally {
    await rm(path, { force: true });
  }
}

/** Writes a clip as the muxer does: H.264, CRF 18. */
export async function encodeClip({ width, height, frames }: Clip, file: string): Promise<void> {
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', `${width}x${height}`, '-framerate', String(FPS)];
  const filter = 'scale=in_range=pc:out_range=tv:out_color_matrix=bt709,format=yuv420p';
  const encoder = '-c:v libx264 -profile:v high -preset fast -crf 18 -g 56'.split(' ');
  await runTool('ffmpeg', ['-v', 'error', '-y', ...raw, '-i', '-', '-vf', filter, ...encoder, file], { input: frames });
}
