import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkCbor, DamagedCborError } from './check-cbor.ts';
import { checkJumbf, DamagedCredentialsError } from './check-jumbf.ts';
import { createLocalAuthority, NO_ROOTS, readCredentials, readSigner, signMedia } from './index.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const join = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

/** A box (ISO/IEC 19566-5). */
function box(type: string, content: Uint8Array, length = 8 + content.length): Uint8Array {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(length);
  head.write(type, 4, 'latin1');
  return join(head, content);
}
const MANIFEST_STORE = hex('63327061 0011 0010 8000 00aa00389b71');
const description = (label = 'c2pa') => box('jumd', join(MANIFEST_STORE, Uint8Array.of(3), Buffer.from(`${label}\0`)));
const store = (...boxes: Uint8Array[]) => box('jumb', join(description(), ...boxes));

function nested(depth: number, tail: Uint8Array = new Uint8Array()): Uint8Array {
  let inner = box('jumb', join(description(), tail));
  for (let i = 1; i < depth; i++) inner = box('jumb', join(description(), inner));
  return inner;
}

/** A WebP file with credentials. */
function asWebp(jumbf: Uint8Array): Uint8Array {
  const chunk = join(
    Buffer.from('C2PA'),
    new Uint8Array(Uint32Array.of(jumbf.length).buffer),
    jumbf,
    new Uint8Array(jumbf.length % 2),
  );
  return join(Buffer.from('RIFF'), new Uint8Array(Uint32Array.of(4 + chunk.length).buffer), Buffer.from('WEBP'), chunk);
}

let signed: Uint8Array;
beforeAll(async () => {
  const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } })
    .webp()
    .toBuffer();
  const origin = { generator: { name: 'test', version: '1' }, model: { name: 'nano', digest: '01' }, settings: {} };
  signed = await signMedia(picture, origin, readSigner(await createLocalAuthority('a test')));
});

test('a video of a million boxes is not read', async () => {
  const head = hex('0000001466747970 69736f6d 00000000 69736f6d');
  const boxes = join(...Array.from({ length: 30_000 }, () => box('free', new Uint8Array())));
  expect(await readCredentials(join(head, boxes), NO_ROOTS)).toMatchObject({ state: 'invalid' });
});

test('a picture of a million segments or chunks is not read', async () => {
  const comment = join(hex('fffe000a'), Buffer.from('jumdc2pa'));
  const jpeg = join(hex('ffd8'), comment, Buffer.alloc(4 * 30_000, hex('fffe0002')), hex('ffda'));
  const chunk = join(hex('00000000'), Buffer.from('teXt'), hex('00000000'));
  const png = join(hex('89504e470d0a1a0a'), Buffer.alloc(12 * 30_000, chunk), hex('00000000 49454e44 ae426082'));
  for (const file of [jpeg, png]) expect(await readCredentials(file, NO_ROOTS)).toMatchObject({ state: 'invalid' });
});

describe('boxes', () => {
  test.each([
    ['a length beyond the end', store(box('cbor', hex('a0'), 0xffff_fff0))],
    ['a length of zero, which would not end', store(box('cbor', hex('a0'), 0))],
    ['10,000 levels, each of which would be copied', nested(10_000)],
    [
      'levels in a description',
      box('jumb', box('jumd', join(MANIFEST_STORE, Uint8Array.of(0x13), Buffer.from('c2pa\0'), nested(20)))),
    ],
    ['a label without an end', box('jumb', box('jumd', join(MANIFEST_STORE, Uint8Array.of(3), Buffer.alloc(100, 65))))],
    ['a million boxes', store(...Array.from({ length: 5_000 }, () => box('free', new Uint8Array())))],
    ['more bytes than any program writes', store(box('free', new Uint8Array(5_000_000)))],
  ])('%s', async (_, jumbf) => {
    expect(() => checkJumbf(jumbf)).toThrow(DamagedCredentialsError);
    expect(await readCredentials(asWebp(jumbf), NO_ROOTS)).toMatchObject({ state: 'invalid' });
  });
});

describe('CBOR', () => {
  test.each([
    ['an array of four billion', '9affffffff'],
    ['a map of 2^63', 'bb8000000000000000'],
    ['a string of four gigabytes', '5affffffff00'],
    ['10,000 levels', '81'.repeat(10_000) + '00'],
    ['levels without an end', '9f'.repeat(100)],
    ['100,000 numbers', `9a000186a0${'00'.repeat(100_000)}`],
    ['an object that the decoder would make', 'd81b8265526567457870612e'],
    ['a reference to itself', 'd81c81d81d00'],
    ['a part of a number', '1b0000'],
    ['a break that ends nothing', 'ff'],
    ['two items', '0000'],
    ['nothing', ''],
    ['an array in the protected header of a signature', 'd284459affffffffa0f640'],
    ['the same in an array whose length is longer than needed', '9804459affffffffa0f640'],
    ['the same in an array without a length', '9f459affffffffa0f640ff'],
    ['the same behind a tag that is longer than needed', 'd81284459affffffffa0f640'],
  ])('%s', async (_, text) => {
    expect(() => checkCbor(hex(text))).toThrow(DamagedCborError);
    expect(await readCredentials(asWebp(store(box('cbor', hex(text)))), NO_ROOTS)).toMatchObject({ state: 'invalid' });
  });

  test.each([
    'a0',
    '83010203',
    'a161618102',
    'c074323032362d31312d32385430303a30303a30305a',
    '9f0102ff',
    'fb3ff0000000000000',
    'f6',
  ])('%s is read', (text) => expect(() => checkCbor(hex(text))).not.toThrow());
});

test('files with a changed byte are read without a fault, and no file with a hole or an end too early is valid', async () => {
  const start = Buffer.from(signed).indexOf('C2PA');
  for (let at = start; at < signed.length; at += 83) {
    const changed = Uint8Array.from(signed);
    changed[at] = changed[at]! ^ (1 << (at % 8));
    // The boxes around the manifests are not signed.
    await readCredentials(changed, NO_ROOTS);
    for (const cut of [signed.subarray(0, at), join(signed.subarray(0, at), signed.subarray(at + 7))]) {
      expect((await readCredentials(cut, NO_ROOTS)).state, `byte ${at}`).not.toBe('valid');
    }
  }
});
