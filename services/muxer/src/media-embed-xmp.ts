import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { MediaError } from './media-request.ts';
import type { FileFormat } from '@cinematica/settings';

/** Adds an XMP packet to a file. WebM has no place for it, and has tags with the same information. */
export async function embedXmp(file: string, format: FileFormat, packet: Uint8Array): Promise<void> {
  switch (format) {
    case 'mp4':
      return appendFile(file, xmpBox(packet));
    case 'webp':
    case 'poster':
      return writeFile(file, withXmpChunk(await readFile(file), packet));
    case 'card':
      return writeFile(file, withXmpSegment(await readFile(file), packet));
    case 'webm':
      return;
  }
}

/** The XMP box for the end of an MPEG-4 file, where it moves no other box (XMP specification part 3, §2.4.1). */
function xmpBox(packet: Uint8Array): Uint8Array {
  const head = Buffer.alloc(24);
  head.writeUInt32BE(head.length + packet.length, 0);
  head.write('uuid', 4, 'latin1');
  head.write('be7acfcb97a942e89c71999491e3afac', 8, 'hex');
  return Buffer.concat([head, packet]);
}

const XMP_NAME = 'http://ns.adobe.com/xap/1.0/\0';

/** The APP1 segment of a JPEG file with XMP, after the start of the image (XMP specification part 3, §1.1.3). */
function withXmpSegment(jpeg: Buffer, packet: Uint8Array): Uint8Array {
  const content = Buffer.concat([Buffer.from(XMP_NAME, 'latin1'), packet]);
  const length = content.length + 2;
  if (jpeg.readUInt16BE(0) !== 0xffd8) throw new MediaError('the encoder did not write a JPEG file');
  if (length > 0xffff) throw new MediaError('the metadata is too long for a JPEG file');
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 0xff]);
  return Buffer.concat([head, content, jpeg.subarray(2)]);
}

const XMP_FLAG = 0x04;

/** The XMP chunk of a WebP file, which only the extended format has (RFC 9649, §2.7). */
function withXmpChunk(webp: Buffer, packet: Uint8Array): Uint8Array {
  if (webp.toString('latin1', 0, 4) !== 'RIFF' || webp.toString('latin1', 8, 12) !== 'WEBP') {
    throw new MediaError('the encoder did not write a WebP file');
  }
  const chunks = webp.subarray(12);
  const extended = chunks.toString('latin1', 0, 4) === 'VP8X';
  const header = extended ? Buffer.from(chunks.subarray(8, 18)) : extendedHeader(chunks);
  header[0] = (header[0] ?? 0) | XMP_FLAG;
  const body = Buffer.concat([
    Buffer.from('WEBP'),
    chunk('VP8X', header),
    extended ? chunks.subarray(18) : chunks,
    chunk('XMP ', packet),
  ]);
  return chunk('RIFF', body);
}

/** The VP8X chunk of a lossy file without alpha: its flags, and its size from the header of the key frame. */
function extendedHeader(chunks: Buffer): Buffer {
  if (chunks.toString('latin1', 0, 4) !== 'VP8 ') throw new MediaError('the encoder wrote an unsupported WebP file');
  const header = Buffer.alloc(10);
  // RFC 6386, §9.1: three bytes of frame tag, three of start code, then 14 bits of width and of height.
  header.writeUIntLE((chunks.readUInt16LE(8 + 6) & 0x3fff) - 1, 4, 3);
  header.writeUIntLE((chunks.readUInt16LE(8 + 8) & 0x3fff) - 1, 7, 3);
  return header;
}

function chunk(name: string, content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}
