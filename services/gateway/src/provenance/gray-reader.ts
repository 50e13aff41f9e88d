import type { GrayPicture } from '@cinematica/provenance';

/** The header of a picture in the format PGM with 8 bits, as ffmpeg writes it. */
const HEADER = /^P5\n(\d{1,5}) (\d{1,5})\n255\n/;
const MAX_HEADER = 32;

/** Reads grey pictures from a stream of them in the format PGM. */
export interface GrayReader {
  /** @throws Error when the stream is not one of pictures. */
  add(piece: Uint8Array): void;
}

/** @param onPicture called with each picture, and with memory of its own. */
export function createGrayReader(onPicture: (picture: GrayPicture) => void): GrayReader {
  let head = '';
  let picture: { readonly width: number; readonly height: number; readonly data: Uint8Array } | null = null;
  let filled = 0;
  return {
    add(piece) {
      for (let at = 0; at < piece.length;) {
        if (picture) {
          const part = piece.subarray(at, at + picture.data.length - filled);
          picture.data.set(part, filled);
          filled += part.length;
          at += part.length;
          if (filled < picture.data.length) continue;
          onPicture(picture);
          picture = null;
          continue;
        }
        head += String.fromCharCode(piece[at++]!);
        const found = HEADER.exec(head);
        if (found) {
          const [width, height] = [Number(found[1]), Number(found[2])];
          picture = { width, height, data: new Uint8Array(width * height) };
          filled = 0;
          head = '';
        } else if (head.length > MAX_HEADER) {
          throw new Error('ffmpeg did not write pictures');
        }
      }
    },
  };
}
