/** `node web/icons/make-icons.ts`: renders the PNG icons from `static/icons/icon.svg`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const folder = join(import.meta.dirname, '..', 'static', 'icons');
const svg = await readFile(join(folder, 'icon.svg'), 'utf8');

// Phones apply their own mask to these two icons, so the background fills the square.
const square = svg.replace('rx="112" fill="#14110f"', 'fill="#14110f"');
// Only the inner 80 % of a maskable icon are always visible.
const maskable = square.replace('viewBox="0 0 512 512"', 'viewBox="-40 -40 592 592" style="background:#14110f"');
// A phone's status bar shows only the shape, in one colour.
const badge = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#fff" fill-rule="evenodd" d="M7 6h18a5 5 0 0 1 5 5v10a5 5 0 0 1-5 5H7a5 5 0 0 1-5-5V11a5 5 0 0 1 5-5zm6 5.5v9l7.5-4.5z"/></svg>`;

await write('icon-192.png', svg, 192);
await write('icon-512.png', svg, 512);
await write('maskable-512.png', maskable, 512);
await write('apple-touch-icon.png', square, 180);
await write('badge.png', badge, 96);

async function write(name: string, source: string, size: number): Promise<void> {
  const { width } = await sharp(Buffer.from(source)).metadata();
  await sharp(Buffer.from(source), { density: Math.min(2400, (72 * size) / width) })
    .resize(size, size)
    .flatten(name === 'maskable-512.png' ? { background: '#14110f' } : false)
    .png({ compressionLevel: 9, palette: true })
    .toFile(join(folder, name));
}
