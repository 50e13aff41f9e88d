import sharp from 'sharp';
import type { RgbImage } from '@cinematica/svd';

/** Writes rows of pictures of one size as a PNG, each pixel as it is. */
export async function writeSheet(rows: readonly (readonly RgbImage[])[], file: string): Promise<void> {
  const { width, height } = rows[0]![0]!;
  const cells = rows.flatMap((row, y) =>
    row.map(({ data }, x) => ({
      input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      raw: { width, height, channels: 3 as const },
      left: x * width,
      top: y * height,
    })),
  );
  const columns = Math.max(...rows.map((row) => row.length));
  const canvas = { width: columns * width, height: rows.length * height, channels: 3 as const, background: '#000000' };
  await sharp({ create: canvas }).composite(cells).png().toFile(file);
}
