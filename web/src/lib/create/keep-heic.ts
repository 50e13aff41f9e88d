import { MAX_UPLOAD_BYTES } from '#lib/api/limits.ts';
import { readHeif } from '@cinematica/settings/heif-properties';
import type { Picture } from './recent-photo.ts';

/**
 * Keeps a HEIC photo that this browser cannot decode: the gateway can. Until the video is there, a grey picture of the same
 * shape stands for it, on which the crop can be chosen.
 *
 * @returns null when the file is too large to be sent as it is, or is damaged
 */
export async function keepHeic(file: Blob): Promise<(Picture & { readonly blob: Blob }) | null> {
  if (file.size > MAX_UPLOAD_BYTES) return null;
  const size = readHeif(new Uint8Array(await file.arrayBuffer()))?.size ?? null;
  if (size === null || !(size.width > 0 && size.height > 0)) return null;
  return { blob: file, url: URL.createObjectURL(placeholder(size)), ...size };
}

function placeholder({ width, height }: { readonly width: number; readonly height: number }): Blob {
  const [x, y] = [width / 2, height / 2];
  const side = Math.min(width, height) / 8;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
  <rect width="100%" height="100%" fill="#6b6b70"/>
  <text x="${x}" y="${y}" font-family="sans-serif" font-size="${side}" fill="#fff" text-anchor="middle" dominant-baseline="central">HEIC</text>
</svg>`;
  return new Blob([svg], { type: 'image/svg+xml' });
}
