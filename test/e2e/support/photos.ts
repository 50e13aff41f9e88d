import sharp from 'sharp';

/** A file for a browser's file chooser. */
export interface PhotoFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

const jpeg = (buffer: Buffer): PhotoFile => ({ name: 'foto.jpg', mimeType: 'image/jpeg', buffer });

let rotated: Promise<PhotoFile> | undefined;

/** A sky over a field, stored sideways with an EXIF orientation, as phones do. 1200 × 1800 pixels when upright. */
export const rotatedPhoto = (): Promise<PhotoFile> => (rotated ??= drawRotatedPhoto());

async function drawRotatedPhoto(): Promise<PhotoFile> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="1800">
    <rect width="1200" height="900" fill="#4090ff"/><rect y="900" width="1200" height="900" fill="#308020"/>
    <circle cx="840" cy="420" r="150" fill="#fff0c0"/><path d="M100 900 L480 500 L860 900Z" fill="#806050"/></svg>`;
  // Orientation 6: viewers rotate it by 90° clockwise.
  const stored = sharp(Buffer.from(svg)).rotate(-90).withMetadata({ orientation: 6 });
  return jpeg(await stored.jpeg({ quality: 90 }).toBuffer());
}

/** A photo of one colour. @param width pixels @param height pixels */
export async function plainPhoto(width: number, height: number): Promise<PhotoFile> {
  return jpeg(
    await sharp({ create: { width, height, channels: 3, background: '#708090' } })
      .jpeg()
      .toBuffer(),
  );
}

export const notAPhoto: PhotoFile = {
  name: 'carta.txt',
  mimeType: 'text/plain',
  buffer: Buffer.from('Querida Ana:\n'),
};
