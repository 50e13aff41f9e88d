import { join } from 'node:path';
import sharp from 'sharp';
import { Lifetime } from '@cinematica/pipeline';
import { Video_State } from '@cinematica/protocol/v1';
import { chart, CORNERS, withSegments } from '@cinematica/gateway/testing/photos';
import { watchToEnd } from '../../test/support/api.ts';
import { startRealSystem } from '../../test/support/real-system.ts';
import type { RealSystem } from '../../test/support/real-system.ts';
import { filesWith } from './support/find-text.ts';
import { MARKER } from './support/hostile-photos.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];
/** Which corner of the chart is at the top left, top right, bottom left and bottom right once it is upright. */
const UPRIGHT: Readonly<Record<number, readonly number[]>> = {
  1: [0, 1, 2, 3],
  2: [1, 0, 3, 2],
  3: [3, 2, 1, 0],
  4: [2, 3, 0, 1],
  5: [0, 2, 1, 3],
  6: [2, 0, 3, 1],
  7: [3, 1, 2, 0],
  8: [1, 3, 0, 2],
};

export const metadata: Family = {
  rows: [
    {
      id: 'S5',
      what: 'files of the data folder and the logs with EXIF, GPS, XMP, thumbnail, ICC or comment of a photo; photos turned right',
      target: '0; 16 of 16',
    },
  ],
  async run() {
    await using system = await startRealSystem({ MAX_ACTIVE_PER_OWNER: '1000' });
    let right = 0;
    for (const format of ['jpeg', 'webp'] as const) {
      for (const orientation of ORIENTATIONS) if (await isTurnedRight(system, format, orientation)) right++;
    }
    const found = filesWith(system.folder, [MARKER]);
    // The text is found where it is stored, or else the search would prove nothing.
    const ref = await system.artifacts.put(Lifetime.PHOTO, 'control', 'photo', Buffer.from(MARKER));
    const control = filesWith(system.folder, [MARKER]).length;
    await system.artifacts.remove(Lifetime.PHOTO, ref.name);
    const names = found.map((path) => path.slice(join(system.folder, '/').length)).join(', ');
    const figure = `${found.length}${names ? ` (${names})` : ''}; ${right} of 16; control found in ${control} file`;
    return [outcome('S5', found.length === 0 && right === 16 && control > 0, figure)];
  },
};

async function isTurnedRight(system: RealSystem, format: 'jpeg' | 'webp', orientation: number): Promise<boolean> {
  const client = system.client('ann');
  const photo = await markedPhoto(format, orientation);
  const shape = { case: 'size' as const, value: { width: 64, height: 64 } };
  const settings = { frames: 2, steps: 1, minGuidance: 1, maxGuidance: 1, shape };
  const { video } = await client.createVideo({ source: { case: 'image', value: photo }, settings });
  const story = await watchToEnd(client, video!.name);
  if (story.at(-1)?.video?.state !== Video_State.DONE) throw new Error('a video failed');
  const link = video!.media.find(({ url }) => url.includes('photo'))?.url ?? video!.media[0]!.url;
  const stored = await (await fetch(new URL(link, system.url))).bytes();
  const { data, info } = await sharp(stored).raw().toBuffer({ resolveWithObject: true });
  const [width, height] = orientation > 4 ? [48, 64] : [64, 48];
  if (info.width !== width || info.height !== height) return false;
  return UPRIGHT[orientation]!.every((corner, at) => {
    const [x, y] = [at % 2 === 0 ? 8 : width - 8, at < 2 ? 8 : height - 8];
    const start = (y * width + x) * info.channels;
    return CORNERS[corner]!.every((value, channel) => Math.abs(data[start + channel]! - value) < 40);
  });
}

/** A photo with {@link MARKER} in every kind of metadata that the format has. */
async function markedPhoto(format: 'jpeg' | 'webp', orientation: number): Promise<Uint8Array<ArrayBuffer>> {
  const exif = {
    IFD0: { ImageDescription: MARKER, Copyright: MARKER, Make: MARKER, Artist: MARKER },
    IFD2: { UserComment: MARKER },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 51/1 30/1', GPSProcessingMethod: MARKER },
  };
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description>${MARKER}</rdf:Description></rdf:RDF></x:xmpmeta>`;
  const image = chart(64, 48).withExif(exif).withXmp(xmp).withMetadata({ orientation });
  if (format === 'webp') return new Uint8Array(await image.webp({ lossless: true }).toBuffer());
  const jpeg = await image.jpeg({ quality: 95 }).toBuffer();
  const thumbnail = await chart(16, 16).jpeg().toBuffer();
  const segments = [
    [0xfe, Buffer.from(MARKER)],
    [0xec, Buffer.from(MARKER)],
    [0xed, Buffer.from(`Photoshop 3.0\0${MARKER}`)],
    [0xe4, Buffer.concat([thumbnail, Buffer.from(MARKER)])],
  ] as const;
  const marked = withSegments(jpeg, segments);
  if (!marked.includes(MARKER)) throw new Error('the photo is not marked');
  return new Uint8Array(marked);
}
