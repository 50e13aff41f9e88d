import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The MD5 of each decoded frame of a video. */
export async function decodedFrames(video: Uint8Array): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-frames-'));
  try {
    const file = join(folder, 'video');
    await writeFile(file, video);
    const args = ['-v', 'error', '-i', file, '-map', '0:v', '-f', 'framemd5', '-'];
    const { stdout } = await promisify(execFile)('ffmpeg', args);
    return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  } finally {
    await rm(folder, { recursive: true });
  }
}
