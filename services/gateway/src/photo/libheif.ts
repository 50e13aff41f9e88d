import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The functions of libheif's C API that are used here. Numbers are addresses in the memory of WebAssembly, or values. */
export interface Libheif {
  /** The memory. It is replaced when it grows. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _heif_context_alloc(): number;
  _heif_context_free(context: number): void;
  _heif_context_read_from_memory_without_copy(
    error: number,
    context: number,
    bytes: number,
    length: number,
    options: 0,
  ): void;
  _heif_context_get_primary_image_handle(error: number, context: number, handle: number): void;
  _heif_image_handle_get_width(handle: number): number;
  _heif_image_handle_get_height(handle: number): number;
  _heif_image_handle_has_alpha_channel(handle: number): number;
  /** 0 when there is none: an image may have a description with numbers instead. */
  _heif_image_handle_get_raw_color_profile_size(handle: number): number;
  _heif_image_handle_get_raw_color_profile(error: number, handle: number, profile: number): void;
  _heif_decode_image(
    error: number,
    handle: number,
    image: number,
    colorspace: number,
    chroma: number,
    options: 0,
  ): void;
  _heif_image_get_plane_readonly(image: number, channel: number, stride: number): number;
}

/** `heif_colorspace_RGB`. */
export const COLORSPACE_RGB = 1;
/** `heif_chroma_interleaved_RGB`: 8 bits for each of three channels. */
export const CHROMA_RGB = 10;
/** `heif_chroma_interleaved_RGBA`. */
export const CHROMA_RGBA = 11;
/** `heif_channel_interleaved`. */
export const CHANNEL_INTERLEAVED = 10;

/** Starts libheif with the HEVC decoder libde265, both compiled to WebAssembly. It takes some 35 ms. */
export function loadLibheif(): Libheif {
  const require = createRequire(import.meta.url);
  const create = require('libheif-js/libheif-wasm/libheif.js') as (options: { wasmBinary: Uint8Array }) => Libheif;
  return create({ wasmBinary: readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm')) });
}
