import sharp from 'sharp';

/** A JPEG of a sky over a field with some texture, 300 × 200. */
export async function fieldPhoto(): Promise<Uint8Array<ArrayBuffer>> {
  const data = Uint8Array.from({ length: 300 * 200 * 3 }, (_, i) =>
    i < 300 * 100 * 3 ? [120, 170, 230][i % 3]! : 60 + ((i * 7919) % 80),
  );
  const photo = sharp(data, { raw: { width: 300, height: 200, channels: 3 } });
  return new Uint8Array(await photo.jpeg().toBuffer());
}
