import { describe, expect, it } from 'vitest';
import { fitWithin } from './fit-within.ts';
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

describe('fitWithin', () => {
  it('scales down, never up, and keeps the shape', () => {
    expect(fitWithin({ width: 4032, height: 3024 }, 1536)).toEqual({ width: 1536, height: 1152 });
    expect(fitWithin({ width: 3024, height: 4032 }, 1536)).toEqual({ width: 1152, height: 1536 });
    expect(fitWithin({ width: 600, height: 400 }, 1536)).toEqual({ width: 600, height: 400 });
    expect(fitWithin({ width: 9000, height: 1 }, 1536)).toEqual({ width: 1536, height: 1 });
  });
});
