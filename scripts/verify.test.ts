import { createLocalAuthority, readSigner, signMedia } from '@cinematica/credentials';
import { createMarker, readMarkKeys, videoNumber } from '@cinematica/provenance';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import sharp from 'sharp';
import { ensureSecrets } from './launch/secrets.ts';

const command = join(import.meta.dirname, 'verify.ts');
const [width, height] = [480, 360];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-'));
  await mkdir(join(folder, 'data'));
  const { markKeys } = await ensureSecrets(join(folder, 'data', 'secrets.json'), []);
  const ramp = Buffer.from(Uint8Array.from({ length: 3 * width * height }, (_, i) => 60 + (i % (3 * width)) / 10));
  const payload = { installation: 4, video: videoNumber('some video') };
  const marked = Buffer.from(ramp);
  createMarker({ width, height, key: readMarkKeys(markKeys[0]!)[0], payload }).mark(marked);
  const raw = { raw: { width, height, channels: 3 as const } };
  await sharp(ramp, raw).png().toFile(join(folder, 'plain.png'));
  // A smaller JPEG, as a messenger makes it.
  await sharp(marked, raw).resize(400, 300).jpeg({ quality: 70 }).toFile(join(folder, 'marked.jpg'));
  await writeFile(join(folder, 'letter.txt'), 'a letter');
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the command without an environment of its own. */
const verify = (...args: string[]) => verifyWith({}, ...args);

async function verifyWith(settings: NodeJS.ProcessEnv, ...args: string[]) {
  const env = { PATH: process.env.PATH, ...settings };
  const ended = promisify(execFile)(process.execPath, [command, ...args], { cwd: folder, env });
  const failed = (error: unknown) => error as { code: number; stdout: string; stderr: string };
  return ended.then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), failed);
}

test('the exit status tells a marked picture from another one, and from a file that cannot be read', async () => {
  const marked = await verify('marked.jpg', '--data', 'data');
  expect(marked).toMatchObject({ code: 0, stderr: '' });
  expect(marked.stdout).toMatch(/^made here: this picture carries the mark of video [0-9a-f]{8} of installation 4, /);

  const plain = await verify('plain.png', '--data', 'data');
  expect(plain).toMatchObject({ code: 1, stderr: '' });
  expect(plain.stdout).toContain('no mark of this installation was found in this picture');

  expect(await verify('letter.txt', '--data', 'data')).toMatchObject({
    code: 2,
    stderr:
      'verify: This is neither a video (MP4, MOV, WebM) nor a picture (JPEG, PNG, WebP, AVIF, HEIC) that can be read.\n',
  });
  expect((await verify('missing.mp4', '--data', 'data')).code).toBe(2);
});

test('credentials of this installation count as made here, and those of another signer do not, even when they are trusted', async () => {
  const own = await createLocalAuthority('this one');
  const other = await createLocalAuthority('a camera');
  await mkdir(join(folder, 'data', 'credentials'));
  await writeFile(join(folder, 'data', 'credentials', 'root.pem'), own.root);
  await writeFile(join(folder, 'trusted.pem'), other.root);
  const origin = { generator: { name: 'test', version: '1' }, model: { name: 'nano', digest: '01' }, settings: {} };
  const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } })
    .jpeg()
    .toBuffer();
  for (const [name, authority] of Object.entries({ own, other })) {
    await writeFile(join(folder, `${name}.jpg`), await signMedia(jpeg, origin, readSigner(authority)));
  }
  const ours = await verify('own.jpg', '--data', 'data');
  expect(ours).toMatchObject({ code: 0, stderr: '' });
  expect(ours.stdout).toContain('made here: its content credentials are valid, signed by this one');
  expect(await verify('other.jpg', '--data', 'data')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('their signer is unknown here: a camera') as string,
  });
  expect(await verifyWith({ CREDENTIALS_TRUSTED_ROOTS: 'trusted.pem' }, 'other.jpg', '--data', 'data')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('its content credentials are valid, signed by another signer') as string,
  });
  const { code, stderr } = await verifyWith({ TIMESTAMP_ROOTS: 'letter.txt' }, 'own.jpg', '--data', 'data');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'verify: TIMESTAMP_ROOTS=letter.txt: the file has no certificates in PEM\n',
  });
});

test('a folder without keys is named', async () => {
  const { code, stderr } = await verify('plain.png', '--data', 'nowhere');
  expect(code).toBe(2);
  expect(stderr).toContain('nowhere has no keys of marks');
});
