import * as x509 from '@peculiar/x509';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLocalAuthority,
  readCredentials,
  readSigner,
  signMedia,
  SigningIdentityError,
  UnsupportedMediaError,
} from './index.ts';
import type { LocalAuthority, MediaOrigin, SigningIdentity } from './index.ts';

const run = promisify(execFile);
const ORIGIN: MediaOrigin = {
  generator: { name: 'Cinemática', version: '0.2.0' },
  model: { name: 'nano', digest: '0123abcd', licence: 'Apache-2.0' },
  settings: { seed: 7, frames: 50 },
  photo: { sha256: 'ab'.repeat(32), contentType: 'image/jpeg', credentialsBy: 'A camera' },
};

let folder: string;
let authority: LocalAuthority;
const media = new Map<string, Uint8Array>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  authority = await createLocalAuthority('Cinemática of a test');
  const size = { width: 96, height: 64, channels: 3 as const, background: '#3080c0' };
  media.set('webp', await sharp({ create: size }).webp().toBuffer());
  media.set('jpeg', await sharp({ create: size }).jpeg().toBuffer());
  const mp4 = join(folder, 'video.mp4');
  const source = [
    '-f',
    'lavfi',
    '-i',
    'testsrc=size=96x64:duration=2:rate=28',
    '-f',
    'lavfi',
    '-i',
    'anullsrc',
    '-shortest',
  ];
  await run('ffmpeg', ['-v', 'error', ...source, '-movflags', '+faststart', '-pix_fmt', 'yuv420p', mp4]);
  // The XMP of a video is another box of the same type as the one with the credentials.
  const xmp = Buffer.from(
    '00000020757569 64be7acfcb97a942e89c71999491e3afac3c782f3e20202020'.replaceAll(' ', ''),
    'hex',
  );
  media.set('mp4', Buffer.concat([await readFile(mp4), xmp]));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(['mp4', 'webp', 'jpeg'])('%s', (format) => {
  const signed = () => signMedia(media.get(format)!, ORIGIN, readSigner(authority));

  test('a signed file has valid credentials of a trusted signer', async () => {
    expect(await readCredentials(await signed(), [authority.root])).toEqual({
      state: 'valid',
      signer: 'Cinemática of a test',
      trusted: true,
      generator: 'Cinemática 0.2.0',
      generated: true,
      time: null,
    });
  });

  test('the signer is not trusted without its root, or with the root of another', async () => {
    const other = await createLocalAuthority('Cinemática of a test');
    for (const roots of [[], [other.root]]) {
      expect(await readCredentials(await signed(), roots)).toMatchObject({ state: 'valid', trusted: false });
    }
  });

  test('the same file gets the same bytes, and less than 50 kB more', async () => {
    const [one, two] = await Promise.all([signed(), signed()]);
    expect(Buffer.compare(one, two)).toBe(0);
    expect(one.length - media.get(format)!.length).toBeLessThan(50_000);
  });

  test('every changed byte outside of the credentials and of the brand makes them invalid', async () => {
    const bytes = await signed();
    for (const share of [0.5, 0.9, 0.999]) {
      const changed = Uint8Array.from(bytes);
      const at =
        format === 'webp'
          ? Math.floor(media.get(format)!.length * share * 0.9) + 30
          : Math.floor(bytes.length * share) - 1;
      changed[at] = changed[at]! ^ 0x01;
      expect((await readCredentials(changed, [authority.root])).state, `byte ${at} of ${bytes.length}`).toBe('invalid');
    }
  });

  test('the picture stays the same', async () => {
    const frames = async (bytes: Uint8Array, name: string) => {
      const file = join(folder, `${name}.${format}`);
      await writeFile(file, bytes);
      return (await run('ffmpeg', ['-v', 'error', '-i', file, '-f', 'md5', '-'])).stdout;
    };
    expect(await frames(await signed(), 'signed')).toBe(await frames(media.get(format)!, 'original'));
  });

  test('a file is signed only once', async () => {
    const bytes = await signed();
    await expect(signMedia(bytes, ORIGIN, readSigner(authority))).rejects.toThrow(UnsupportedMediaError);
  });
});

test('a file without credentials, or of a format without a place for them, has none', async () => {
  for (const bytes of [...media.values(), new TextEncoder().encode('plain text'), new Uint8Array()]) {
    expect(await readCredentials(bytes, [])).toEqual({ state: 'missing' });
  }
});

test('a damaged file is reported and does not throw', async () => {
  const bytes = await signMedia(media.get('mp4')!, ORIGIN, readSigner(authority));
  for (const length of [30, 200, 5000, bytes.length - 1]) {
    expect((await readCredentials(bytes.subarray(0, length), [])).state).not.toBe('valid');
  }
});

test('a text file cannot be signed', async () => {
  const text = new TextEncoder().encode('plain text');
  await expect(signMedia(text, ORIGIN, readSigner(authority))).rejects.toThrow(UnsupportedMediaError);
});

test('a certificate of another key, an expired one and a file that is none are refused', async () => {
  const other = await createLocalAuthority('other');
  const past = await createLocalAuthority('past', new Date('2001-01-01'));
  const { privateKey } = generateKeyPairSync('x25519');
  const wrong = [
    { ...authority, privateKey: other.privateKey },
    past,
    { ...authority, certificates: 'none' },
    { ...authority, privateKey: 'none' },
    { ...authority, privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
  ];
  for (const identity of wrong) expect(() => readSigner(identity)).toThrow(SigningIdentityError);
});

/** The identity of somebody whose certificate the signer of `issuer` made, although that one may not vouch for others. */
async function createForgery(issuer: LocalAuthority): Promise<SigningIdentity> {
  const algorithm = { name: 'Ed25519' } as const;
  const [issuerKey = new ArrayBuffer()] = x509.PemConverter.decode(issuer.privateKey);
  const issuerCertificate = new x509.X509Certificate(issuer.certificates);
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if (!('publicKey' in keys)) throw new TypeError('Ed25519 has pairs of keys');
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: ['Somebody else'] }],
    issuer: issuerCertificate.subjectName,
    notBefore: issuerCertificate.notBefore,
    notAfter: issuerCertificate.notAfter,
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey('pkcs8', issuerKey, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.emailProtection]),
      await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificates: `${certificate.toString('pem')}\n${issuer.certificates}`,
    privateKey: x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
  };
}

test('a trusted signer cannot vouch for another name', async () => {
  const bytes = await signMedia(media.get('webp')!, ORIGIN, readSigner(await createForgery(authority)));
  expect(await readCredentials(bytes, [authority.root])).toMatchObject({
    state: 'valid',
    signer: 'Somebody else',
    trusted: false,
  });
});

const hasReader = await run('python3', ['-c', 'import c2pa; c2pa.Context']).then(
  () => true,
  () => false,
);

test.skipIf(!hasReader)(
  "the c2pa project's own reader calls the credentials valid and their signer trusted",
  async () => {
    const program = `
import c2pa, json, sys
folder, root = sys.argv[1:3]
context = c2pa.Context(c2pa.Settings.from_dict({"trust": {"user_anchors": open(root).read()}}))
states = {}
for name in ("mp4", "webp", "jpeg"):
    report = json.loads(c2pa.Reader(f"{folder}/check.{name}", context=context).json())
    states[name] = report["validation_state"]
print(json.dumps(states))
`;
    const root = join(folder, 'root.pem');
    await writeFile(root, authority.root);
    for (const [format, bytes] of media) {
      await writeFile(join(folder, `check.${format}`), await signMedia(bytes, ORIGIN, readSigner(authority)));
    }
    const { stdout } = await run('python3', ['-c', program, folder, root]);
    expect(JSON.parse(stdout)).toEqual({ mp4: 'Trusted', webp: 'Trusted', jpeg: 'Trusted' });
  },
);
