/**
 * A thread of the photo process that decodes one HEIC photo. The decoder is WebAssembly, which blocks its thread; the main
 * thread meanwhile watches the memory. All memory of the decoder is returned when the thread ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { CHANNEL_INTERLEAVED, CHROMA_RGB, CHROMA_RGBA, COLORSPACE_RGB, loadLibheif } from './libheif.ts';
import type { Libheif } from './libheif.ts';

/** What the thread gets. */
export interface HeicRequest {
  readonly bytes: Uint8Array;
  readonly maxResultSide: number;
  readonly maxResultPixels: number;
}

/** What the thread answers. */
export type HeicAnswer =
  | {
      readonly kind: 'decoded';
      /** Upright, scaled down to the limits, 8 bits for each channel, in the colours of the profile. */
      readonly pixels: Uint8Array<ArrayBuffer>;
      readonly width: number;
      readonly height: number;
      readonly channels: 3 | 4;
      /** The ICC profile; null when the photo has none. */
      readonly profile: Uint8Array<ArrayBuffer> | null;
    }
  /** `unsupported`: the file is not damaged, but has a kind of image that cannot be decoded. */
  | { readonly kind: 'failed'; readonly unsupported: boolean; readonly message: string };

/** `heif_error_Unsupported_filetype`, `Unsupported_feature` and `Unsupported_color_conversion`. */
const UNSUPPORTED = new Set([3, 4, 11]);

class HeifError extends Error {
  override readonly name = 'HeifError';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Calls a function of libheif that stores an error. @throws HeifError */
function check(heif: Libheif, error: number, call: () => void): void {
  call();
  const view = new DataView(heif.HEAPU8.buffer);
  const code = view.getUint32(error, true);
  if (code === 0) return;
  const start = view.getUint32(error + 8, true);
  const text = heif.HEAPU8.subarray(start, Math.min(heif.HEAPU8.indexOf(0, start), start + 400));
  throw new HeifError(code, Buffer.from(text).toString('latin1'));
}

async function decode({ bytes, maxResultSide, maxResultPixels }: HeicRequest): Promise<HeicAnswer> {
  const heif = loadLibheif();
  const [error, out] = [heif._malloc(16), heif._malloc(8)];
  const read = (): number => new DataView(heif.HEAPU8.buffer).getUint32(out, true);
  const context = heif._heif_context_alloc();
  const file = heif._malloc(bytes.length);
  heif.HEAPU8.set(bytes, file);
  check(heif, error, () => heif._heif_context_read_from_memory_without_copy(error, context, file, bytes.length, 0));
  check(heif, error, () => heif._heif_context_get_primary_image_handle(error, context, out));
  const handle = read();
  const profile = profileOf(heif, handle, error);
  const [width, height] = [heif._heif_image_handle_get_width(handle), heif._heif_image_handle_get_height(handle)];
  const channels = heif._heif_image_handle_has_alpha_channel(handle) === 0 ? 3 : 4;
  const chroma = channels === 3 ? CHROMA_RGB : CHROMA_RGBA;
  check(heif, error, () => heif._heif_decode_image(error, handle, out, COLORSPACE_RGB, chroma, 0));
  const plane = heif._heif_image_get_plane_readonly(read(), CHANNEL_INTERLEAVED, out);
  const stride = read();

  // Rows are padded. The padding must be whole pixels for sharp, and otherwise is removed in place.
  const rowBytes = width * channels;
  if (stride !== rowBytes) {
    for (let y = 1; y < height; y++) {
      heif.HEAPU8.copyWithin(plane + y * rowBytes, plane + y * stride, plane + y * stride + rowBytes);
    }
  }
  const pixels = Buffer.from(heif.HEAPU8.buffer, plane, height * rowBytes);
  const scale = Math.min(1, maxResultSide / Math.max(width, height), Math.sqrt(maxResultPixels / (width * height)));
  const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const { data, info } = await sharp(pixels, { raw: { width, height, channels }, limitInputPixels: false })
    .resize({ width: across, height: down, fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    kind: 'decoded',
    pixels: new Uint8Array(data),
    width: info.width,
    height: info.height,
    channels: info.channels === 4 ? 4 : 3,
    profile,
  };
}

function profileOf(heif: Libheif, handle: number, error: number): Uint8Array<ArrayBuffer> | null {
  const length = heif._heif_image_handle_get_raw_color_profile_size(handle);
  if (length === 0) return null;
  const address = heif._malloc(length);
  check(heif, error, () => heif._heif_image_handle_get_raw_color_profile(error, handle, address));
  return heif.HEAPU8.slice(address, address + length);
}

sharp.concurrency(1);
sharp.cache(false);
try {
  parentPort?.postMessage(await decode(workerData as HeicRequest));
} catch (error) {
  const unsupported = error instanceof HeifError && UNSUPPORTED.has(error.code);
  const message = error instanceof Error ? error.message : String(error);
  parentPort?.postMessage({ kind: 'failed', unsupported, message } satisfies HeicAnswer);
}
