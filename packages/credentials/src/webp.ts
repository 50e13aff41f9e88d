import type { Asset } from '@trustnxt/c2pa-ts/asset';
import { textAt, viewOf } from './bytes.ts';
import { UnsupportedMediaError } from './errors.ts';

const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;

/** The place of the chunk with the credentials, without its header and padding. Bytes. */
interface Place {
  readonly start: number;
  readonly length: number;
}

/** @returns whether a file is WebP. */
export function isWebp(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && textAt(bytes, 0) === 'RIFF' && textAt(bytes, 8) === 'WEBP';
}

/** A WebP file with its credentials in a `C2PA` chunk at the end (C2PA 2.1, §A.3.4). */
export class Webp implements Asset {
  readonly mimeType = 'image/webp';
  #bytes: Uint8Array<ArrayBuffer>;
  #place: Place | undefined;

  /** @throws {@link UnsupportedMediaError} when the file is not a complete WebP file. */
  constructor(bytes: Uint8Array) {
    if (!isWebp(bytes)) throw new UnsupportedMediaError('not a WebP file');
    this.#bytes = new Uint8Array(bytes);
    this.#place = findChunk(this.#bytes);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  getDataLength(): number {
    return this.#bytes.length;
  }

  getDataRange(start = 0, length = this.#bytes.length - start): Promise<Uint8Array> {
    return Promise.resolve(this.#bytes.subarray(start, start + length));
  }

  dumpInfo(): string {
    return `WebP file of ${this.#bytes.length} bytes`;
  }

  getManifestJUMBF(): Uint8Array | undefined {
    return this.#place && this.#bytes.subarray(this.#place.start, this.#place.start + this.#place.length);
  }

  ensureManifestSpace(length: number): Promise<void> {
    if (this.#place?.length === length) return Promise.resolve();
    if (this.#place) throw new UnsupportedMediaError('the WebP file has content credentials');
    const added = CHUNK_HEADER_BYTES + length + (length % 2);
    const result = new Uint8Array(this.#bytes.length + added);
    result.set(this.#bytes);
    const start = this.#bytes.length + CHUNK_HEADER_BYTES;
    result.set(new TextEncoder().encode('C2PA'), this.#bytes.length);
    const view = new DataView(result.buffer);
    view.setUint32(this.#bytes.length + 4, length, true);
    view.setUint32(4, result.length - 8, true);
    this.#bytes = result;
    this.#place = { start, length };
    return Promise.resolve();
  }

  getHashExclusionRange(): Place {
    if (!this.#place) throw new UnsupportedMediaError('the WebP file has no content credentials');
    const { start, length } = this.#place;
    return { start: start - CHUNK_HEADER_BYTES, length: CHUNK_HEADER_BYTES + length + (length % 2) };
  }

  writeManifestJUMBF(jumbf: Uint8Array): Promise<void> {
    if (this.#place?.length !== jumbf.length) throw new RangeError('the reserved space has another length');
    this.#bytes.set(jumbf, this.#place.start);
    return Promise.resolve();
  }
}

function findChunk(bytes: Uint8Array): Place | undefined {
  const view = viewOf(bytes);
  const end = view.getUint32(4, true) + 8;
  if (end > bytes.length) throw new UnsupportedMediaError('the WebP file ends too early');
  for (let at = HEADER_BYTES; at + CHUNK_HEADER_BYTES <= end;) {
    const length = view.getUint32(at + 4, true);
    const start = at + CHUNK_HEADER_BYTES;
    if (start + length > end) throw new UnsupportedMediaError('the WebP file ends inside of a chunk');
    if (textAt(bytes, at) === 'C2PA') return { start, length };
    at = start + length + (length % 2);
  }
  return undefined;
}
