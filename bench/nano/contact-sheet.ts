import sharp from 'sharp';
import type { RgbImage } from '@cinematica/svd';

/** Writes rows of pictures of the same size as one JPEG. Each picture is resized to `width` pixels. */
export async function contactSheet(rows: readonly (readonly RgbImage[])[], file: string, width = 256): Promise<void> {
  const first = rows[0]?.[0];
  if (!first) throw new RangeError('a contact sheet needs a picture');
  const height = Math.round((width * first.height) / first.width);
  const cells = rows.flatMap((row, y) =>
    row.map(async ({ data, width: w, height: h }, x) => ({
      input: await sharp(data, { raw: { width: w, height: h, channels: 3 } })
        .resize(width, height, { kernel: 'lanczos3' })
        .png()
        .toBuffer(),
      left: x * width,
      top: y * height,
    })),
  );
  const columns = Math.max(...rows.map((row) => row.length));
  const canvas = { width: columns * width, height: rows.length * height, channels: 3 as const, background: '#ffffff' };
  await sharp({ create: canvas })
    .composite(await Promise.all(cells))
    .jpeg({ quality: 86 })
    .toFile(file);
}
