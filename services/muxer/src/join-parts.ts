import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATED_SOURCE_TYPE } from '@cinematica/provenance';
import { concatFiles } from './ffmpeg.ts';
import { inFolder } from './files.ts';
import { embedXmp } from './media-embed-xmp.ts';
import { xmpPacket } from './media-xmp.ts';

/** How long joining may take. The files are only copied. Milliseconds. */
const TIMEOUT_MS = 300_000;

/**
 * Joins mp4 files of one size and frame rate to one. Their frames are copied, not encoded again.
 *
 * @param count the number of files.
 * @param read returns a file; each is only in memory until it is written to disk.
 * @param settings for the metadata of the file.
 * @param use reads the file, which is removed afterwards.
 */
export async function joinParts(
  count: number,
  read: (index: number) => Promise<Uint8Array>,
  settings: Readonly<Record<string, unknown>>,
  use: (file: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await inFolder(async (folder) => {
    const lines: string[] = [];
    for (let index = 0; index < count; index++) {
      const name = `part-${index}.mp4`;
      await writeFile(join(folder, name), await read(index));
      // Names are relative to the list.
      lines.push(`file '${name}'`);
    }
    const [list, file] = [join(folder, 'list'), join(folder, 'joined.mp4')];
    await writeFile(list, `${lines.join('\n')}\n`);
    const metadata = [`comment=${JSON.stringify(settings)}`, `digitalSourceType=${GENERATED_SOURCE_TYPE}`];
    const options = [
      ...'-map_metadata -1 -fflags +bitexact'.split(' '),
      ...metadata.flatMap((entry) => ['-metadata', entry]),
      ...'-movflags +faststart+use_metadata_tags -f mp4'.split(' '),
    ];
    await concatFiles(list, file, options, TIMEOUT_MS, signal);
    await embedXmp(file, 'mp4', xmpPacket(settings));
    await use(file);
  });
}
