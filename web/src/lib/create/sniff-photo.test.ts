import { describe, expect, it } from 'vitest';
import { sniffPhoto } from './sniff-photo.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

describe('sniffPhoto', () => {
  it.each([
    ['\xff\xd8\xff\xe1\0\x18Exif', 'photo'],
    ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'photo'],
    ['RIFF\x10\0\0\0WEBPVP8 ', 'photo'],
    ['\0\0\0\x1cftypavif\0\0\0\0mif1miaf', 'photo'],
    ['\0\0\0\x1cftypmif1\0\0\0\0mif1avif', 'photo'],
    ['\0\0\0\x24ftypheic\0\0\0\0mif1heic', 'heic'],
    ['\0\0\0\x24ftypmif1\0\0\0\0mif1heic', 'heic'],
    ['\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'other'],
    ['%PDF-1.7', 'other'],
    ['', 'other'],
  ])('a file that starts with %j is %s', (text, kind) => expect(sniffPhoto(bytes(text))).toBe(kind));
});
