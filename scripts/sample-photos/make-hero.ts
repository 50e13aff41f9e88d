/**
 * `node scripts/sample-photos/make-hero.ts lake.mp4 lighthouse.mp4`: makes the small videos behind the web app's start page, which
 * play forwards and backwards, and their first frames. It needs ffmpeg.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import sharp from 'sharp';

interface Hero {
  readonly name: string;
  /** The width of the video, and the rate factor of its encoder: a higher one makes it smaller. */
  readonly width: number;
  readonly crf: number;
  /** Widths in pixels of the poster images: two AVIF files and one WebP file. */
  readonly avif: readonly number[];
  readonly webp: number;
}

const HEROES: readonly Hero[] = [
  { name: 'lake', width: 960, crf: 33, avif: [800, 1600], webp: 800 },
  { name: 'lighthouse', width: 480, crf: 36, avif: [480, 800], webp: 480 },
];
const OUT = join(import.meta.dirname, '../../web/src/lib/create/samples');
/** The part of the video that is used, and its speed. */
const [SECONDS, SPEED, FPS] = [4, 1.15, 20];

const files = process.argv.slice(2);
if (files.length !== HEROES.length) {
  console.error('usage: node scripts/sample-photos/make-hero.ts LAKE.mp4 LIGHTHOUSE.mp4');
  process.exit(2);
}

for (const [index, { name, width, crf, avif, webp }] of HEROES.entries()) {
  const source = files[index]!;
  const forth = `trim=0:${SECONDS},setpts=(PTS-STARTPTS)/${SPEED},fps=${FPS},scale=${width}:-2,split[a][b]`;
  const back = '[b]reverse,trim=start_frame=1,setpts=PTS-STARTPTS[r];[a][r]concat=n=2,format=yuv420p';
  const encoder = `-an -c:v libx264 -profile:v high -preset veryslow -crf ${crf} -g 200 -movflags +faststart`;
  ffmpeg(['-i', source, '-vf', `${forth};${back}`, ...encoder.split(' '), join(OUT, `${name}-hero.mp4`)]);

  const frame = sharp(ffmpeg(['-i', source, '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'png', '-']));
  const file = (size: number, type: string) => join(OUT, `${name}-hero-${size}.${type}`);
  for (const size of avif) await frame.clone().resize(size).avif({ quality: 42, effort: 7 }).toFile(file(size, 'avif'));
  await frame.clone().resize(webp).webp({ quality: 66 }).toFile(file(webp, 'webp'));
}

function ffmpeg(options: readonly string[]): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', '-y', ...options], { maxBuffer: 100_000_000 });
}
