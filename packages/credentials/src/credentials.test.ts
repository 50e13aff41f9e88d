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
  NO_ROOTS,
  readCredentials,
  readSigner,
  signMedia,
  SigningIdentityError,
  UnsupportedMediaError,
} from './index.ts';
import type { LocalAuthority, MediaOrigin, SigningIdentity } from './index.ts';
import { createTestTimestampAuthority } from './testing/timestamp-authority.ts';
import type { TestTimestampAuthority } from './testing/timestamp-authority.ts';

const run = promisify(execFile);
const ORIGIN: MediaOrigin = {
  generator: { name: 'Cinemática', version: '0.2.0' },
  model: { name: 'nano', digest: '0123abcd', licence: 'Apache-2.0' },
  settings: { seed: 7, frames: 50 },
  photo: { sha256: 'ab'.repeat(32), contentType: 'image/jpeg', credentialsBy: 'A camera' },
};

let folder: string;
let authority: LocalAuthority;
let clock: TestTimestampAuthority;
const own = () => ({ ...NO_ROOTS, own: [authority.root] });
const media = new Map<string, Uint8Array>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  authority = await createLocalAuthority('Cinemática of a test');
  clock = await createTestTimestampAuthority();
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
afterAll(async () => {
  await clock[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe.each(['mp4', 'webp', 'jpeg'])('%s', (format) => {
  const signed = () => signMedia(media.get(format)!, ORIGIN, readSigner(authority));

  test('a signed file has valid credentials of a trusted signer', async () => {
    expect(await readCredentials(await signed(), own())).toEqual({
      state: 'valid',
      signer: 'Cinemática of a test',
      organisation: 'Cinemática',
      voucher: 'own',
      generator: 'Cinemática 0.2.0',
      digitalSourceType: 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia',
      generated: true,
      time: null,
    });
  });

  test('nobody vouches for the signer without its root, or with the root of another of the same name', async () => {
    const other = await createLocalAuthority('Cinemática of a test');
    for (const roots of [[], [other.root]]) {
      const read = await readCredentials(await signed(), { ...NO_ROOTS, own: roots, others: roots });
      expect(read).toMatchObject({ state: 'valid', voucher: 'nobody' });
    }
  });

  test('a trusted signer is told from this installation', async () => {
    const read = await readCredentials(await signed(), { ...NO_ROOTS, others: [authority.root] });
    expect(read).toMatchObject({ state: 'valid', voucher: 'other' });
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
      expect((await readCredentials(changed, own())).state, `byte ${at} of ${bytes.length}`).toBe('invalid');
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

test.each(['a Buffer', 'a Uint8Array'])(
  'the brands of a video stay the same, which tell players what it is: %s',
  async (kind) => {
    const file = media.get('mp4')!;
    const given = kind === 'a Buffer' ? Buffer.from(file) : Uint8Array.from(file);
    const bytes = await signMedia(given, ORIGIN, readSigner(authority));
    const fileType = (of: Uint8Array) => Buffer.from(of.subarray(0, 32)).toString('latin1');
    expect(fileType(bytes)).toBe(fileType(file));
    await readCredentials(bytes, own());
    expect(fileType(bytes)).toBe(fileType(file));
    expect(Buffer.compare(given, file)).toBe(0);
  },
);

test('a file without credentials, or of a format without a place for them, has none', async () => {
  for (const bytes of [...media.values(), new TextEncoder().encode('plain text'), new Uint8Array()]) {
    expect(await readCredentials(bytes, NO_ROOTS)).toEqual({ state: 'missing' });
  }
});

test('a damaged file is reported and does not throw', async () => {
  const bytes = await signMedia(media.get('mp4')!, ORIGIN, readSigner(authority));
  for (const length of [30, 200, 5000, bytes.length - 1]) {
    expect((await readCredentials(bytes.subarray(0, length), NO_ROOTS)).state).not.toBe('valid');
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

/** A certificate with what signers need, and some of it changed. */
async function createIdentity(
  changes: { readonly notBefore?: Date; readonly notAfter?: Date; readonly issuer?: x509.JsonName },
  usage = x509.KeyUsageFlags.digitalSignature,
  purposes = [x509.ExtendedKeyUsage.emailProtection],
): Promise<SigningIdentity> {
  const algorithm = { name: 'Ed25519' } as const;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if (!('publicKey' in keys)) throw new TypeError('Ed25519 has pairs of keys');
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: ['A signer'] }],
    issuer: [{ CN: ['A root'] }],
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [new x509.KeyUsagesExtension(usage, true), new x509.ExtendedKeyUsageExtension(purposes)],
    ...changes,
  });
  return {
    certificates: certificate.toString('pem'),
    privateKey: x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
  };
}

test('a certificate that no reader accepts is refused with the reason', async () => {
  const later = { notBefore: new Date('2090-01-01'), notAfter: new Date('2091-01-01') };
  const good = await createIdentity({});
  expect(() => readSigner(good)).not.toThrow();
  for (const [reason, identity] of [
    ['is not valid before 2090-01-01', await createIdentity(later)],
    ['is signed by itself', await createIdentity({ issuer: [{ CN: ['A signer'] }] })],
    ['no digitalSignature', await createIdentity({}, x509.KeyUsageFlags.keyCertSign)],
    ['is not for documents', await createIdentity({}, undefined, [x509.ExtendedKeyUsage.serverAuth])],
  ] as const) {
    expect(() => readSigner(identity)).toThrow(SigningIdentityError);
    expect(() => readSigner(identity)).toThrow(reason);
  }
});

test('without a time stamp, the authorities above a signer must not have expired either', async () => {
  const past = await createLocalAuthority('past', new Date('2001-01-01'));
  const identity = { ...authority, certificates: `${authority.certificates}${past.root}` };
  const bytes = await signMedia(media.get('webp')!, ORIGIN, readSigner(identity));
  expect(await readCredentials(bytes, own())).toMatchObject({
    state: 'invalid',
    reasons: ['signingCredential.expired'],
  });
});

test('the name of a program is text of a sensible length', async () => {
  const generator = { name: 'n'.repeat(300), version: 7 as unknown as string };
  const bytes = await signMedia(media.get('webp')!, { ...ORIGIN, generator }, readSigner(authority));
  expect(await readCredentials(bytes, own())).toMatchObject({ generator: 'n'.repeat(200) });
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
  expect(await readCredentials(bytes, own())).toMatchObject({
    state: 'valid',
    signer: 'Somebody else',
    voucher: 'nobody',
  });
});

/** Signs with a time stamp. @returns the file, and why it has none. */
async function stamped(media: Uint8Array, request = (der: Uint8Array) => clock.reply(der)) {
  const failures: unknown[] = [];
  const failed = (error: unknown) => failures.push(error);
  return { bytes: await signMedia(media, ORIGIN, readSigner(authority), { request, failed }), failures };
}

test.each(['mp4', 'webp', 'jpeg'])('a time stamp tells when a file was signed: %s', async (format) => {
  const { bytes, failures } = await stamped(media.get(format)!);
  expect(failures).toEqual([]);
  expect(bytes.length - media.get(format)!.length).toBeLessThan(50_000);
  const read = await readCredentials(bytes, { ...own(), clocks: [clock.root] });
  expect(read).toMatchObject({ state: 'valid', voucher: 'own' });
  const time = 'time' in read ? (read.time?.getTime() ?? 0) : 0;
  expect(Math.abs(Date.now() - time)).toBeLessThan(60_000);
});

test('a clock that nobody vouches for is not believed', async () => {
  const { bytes } = await stamped(media.get('jpeg')!);
  for (const clocks of [[], [authority.root]]) {
    expect(await readCredentials(bytes, { ...own(), clocks })).toMatchObject({ state: 'valid', time: null });
  }
});

test('a file is signed without a time stamp when the authority fails, refuses, or answers something else', async () => {
  const other = new Map<string, (der: Uint8Array) => Promise<Uint8Array>>([
    ['no answer', () => Promise.reject(new Error('no answer'))],
    ['can’t be read', () => Promise.resolve(new TextEncoder().encode('<html>'))],
    // PKIStatus 2: rejection.
    ['refused', () => Promise.resolve(Uint8Array.of(0x30, 5, 0x30, 3, 2, 1, 2))],
    ['something else', async () => clock.reply(await requestOf('something else'))],
  ]);
  for (const [message, request] of other) {
    const { bytes, failures } = await stamped(media.get('webp')!, request);
    expect(failures.map(String)).toEqual([expect.stringContaining(message)]);
    expect(await readCredentials(bytes, own())).toMatchObject({ state: 'valid', voucher: 'own', time: null });
  }
});

async function requestOf(text: string): Promise<Uint8Array> {
  await writeFile(join(folder, 'text'), text);
  await run('openssl', ['ts', '-query', '-data', 'text', '-sha256', '-cert', '-out', 'text.tsq'], { cwd: folder });
  return readFile(join(folder, 'text.tsq'));
}

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
    stamped = json.loads(c2pa.Reader(f"{folder}/stamped.{name}", context=context).json())
    codes = [each["code"] for each in stamped["validation_results"]["activeManifest"]["success"]]
    states[f"stamped {name}"] = [stamped["validation_state"], "timeStamp.validated" in codes]
print(json.dumps(states))
`;
    const root = join(folder, 'root.pem');
    await writeFile(root, authority.root);
    for (const [format, bytes] of media) {
      await writeFile(join(folder, `check.${format}`), await signMedia(bytes, ORIGIN, readSigner(authority)));
      await writeFile(join(folder, `stamped.${format}`), (await stamped(bytes)).bytes);
    }
    const { stdout } = await run('python3', ['-c', program, folder, root]);
    expect(JSON.parse(stdout)).toEqual({
      mp4: 'Trusted',
      webp: 'Trusted',
      jpeg: 'Trusted',
      'stamped mp4': ['Trusted', true],
      'stamped webp': ['Trusted', true],
      'stamped jpeg': ['Trusted', true],
    });
  },
);

test.skipIf(!hasReader)("a picture that the c2pa project's own library signed is read", async () => {
  const program = `
import c2pa, json, sys
folder = sys.argv[1]
read = lambda name: open(f"{folder}/{name}").read().encode()
action = {"action": "c2pa.created", "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"}
manifest = {
    "claim_generator_info": [{"name": "A camera", "version": "1"}],
    "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
}
signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"ed25519", read("chain.pem"), read("key.pem"), None))
c2pa.Builder(json.dumps(manifest)).sign_file(f"{folder}/plain.jpeg", f"{folder}/foreign.jpeg", signer)
`;
  await writeFile(join(folder, 'chain.pem'), authority.certificates + authority.root);
  await writeFile(join(folder, 'key.pem'), authority.privateKey);
  await writeFile(join(folder, 'plain.jpeg'), media.get('jpeg')!);
  await run('python3', ['-c', program, folder]);
  const bytes = await readFile(join(folder, 'foreign.jpeg'));
  expect(await readCredentials(bytes, { ...NO_ROOTS, others: [authority.root] })).toEqual({
    state: 'valid',
    signer: 'Cinemática of a test',
    organisation: 'Cinemática',
    voucher: 'other',
    generator: 'A camera 1',
    digitalSourceType: 'http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture',
    generated: false,
    time: null,
  });
});
