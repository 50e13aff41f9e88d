import { createLocalAuthority, readSigner, signMedia } from '@cinematica/credentials';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { createPhotoSanitizer } from './photo-sanitizer.ts';

const SOURCE = 'http://cv.iptc.org/newscodes/digitalsourcetype';
const NONE = { digitalSourceType: '', credentialsBy: '' };
const sanitizer = createPhotoSanitizer();
afterAll(() => sanitizer[Symbol.asyncDispose]());

const marksOf = async (photo: Uint8Array) => (await sanitizer.sanitize(photo)).marks;
const photo = () => sharp({ create: { width: 96, height: 64, channels: 3, background: '#3080c0' } });

/** XMP with a place and an owner, as a camera writes it. */
const withXmp = (property: string) =>
  photo().withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="40,26N" ${property}</rdf:Description></rdf:RDF></x:xmpmeta>`);

async function signed(media: Uint8Array): Promise<Uint8Array> {
  const origin = { generator: { name: 'Camera', version: '2' }, model: { name: 'm', digest: '1' }, settings: {} };
  return signMedia(media, origin, readSigner(await createLocalAuthority('Ann Example')));
}

test.each([
  [
    'as an attribute',
    `xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="${SOURCE}/digitalCapture">`,
  ],
  [
    'as an element',
    `xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><e:DigitalSourceType>${SOURCE}/digitalCapture</e:DigitalSourceType>`,
  ],
])('the digital source type in XMP is read, %s', async (_, property) => {
  for (const encoded of [withXmp(property).jpeg(), withXmp(property).webp(), withXmp(property).png()]) {
    expect(await marksOf(await encoded.toBuffer())).toEqual({ ...NONE, digitalSourceType: `${SOURCE}/digitalCapture` });
  }
});

test('other text in its place is not', async () => {
  for (const value of [`${SOURCE}/a b`, 'https://attacker.example/x', `${SOURCE}/${'a'.repeat(200)}`, '']) {
    expect(await marksOf(await withXmp(`x:DigitalSourceType="${value}">`).jpeg().toBuffer())).toEqual(NONE);
  }
});

test('content credentials tell the source type and the organisation, and not the name of the signer', async () => {
  for (const media of [await photo().jpeg().toBuffer(), await photo().webp().toBuffer()]) {
    expect(await marksOf(await signed(media))).toEqual({
      digitalSourceType: `${SOURCE}/trainedAlgorithmicMedia`,
      credentialsBy: 'Cinemática',
    });
  }
});

test('a photo with two million segments is a photo without credentials', async () => {
  const comment = Buffer.from('\xff\xfe\x00\x0ajumdc2pa', 'latin1');
  const jpeg = await photo().jpeg().toBuffer();
  const segments = Buffer.alloc(8_000_000, Buffer.from([0xff, 0xfe, 0, 2]));
  expect(await marksOf(Buffer.concat([jpeg.subarray(0, 2), comment, segments, jpeg.subarray(2)]))).toEqual(NONE);
});

test('a photo with damaged credentials is a photo without credentials', async () => {
  const bytes = await signed(await photo().jpeg().toBuffer());
  const start = Buffer.from(bytes).indexOf('jumdc2pa');
  for (let at = start - 4; at < start + 3_000; at += 97) {
    const changed = Uint8Array.from(bytes);
    changed[at] = changed[at]! ^ 0xff;
    expect(await marksOf(changed)).toEqual(NONE);
  }
});
